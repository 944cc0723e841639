package review

// Large makes the service treat any log as a large one: periods become ranges
// of ids.
func (s *Service) Large() { s.smallLog = -1 }
