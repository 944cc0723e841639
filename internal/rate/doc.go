// Package rate bounds how often something comes, in this process: by address at
// the doors that anybody reaches, by client where one has shown who it is.
//
// [Limiter] lets a burst through and then an even flow, for doors that turn
// somebody away without saying more. [Windows] counts by the minute, for callers
// who are told how many are left. [Address] is what to count an address by.
//
// Invariants:
//   - Memory is bounded: whoever comes under ever new keys makes what is counted
//     forgotten, and never the process grow.
//   - The clock is the caller's, so that a test can say when.
//
// It shares nothing between processes and survives no restart. What must hold
// across both (codes people type) is counted in the database, elsewhere.
package rate
