// Command verify checks a Relais log again, from the database or from an
// export without network, and says whether anything was changed, removed,
// inserted or moved.
//
//	verify -database postgres://… -key 'relais.example/log+1a2b3c4d+AX…'
//	verify -database postgres://… -key KEY -export DIR
//	verify -dir DIR -key KEY
//	verify -proof receipt.proof -leaf receipt.leaf -key KEY
//
// It leaves with 0 when all is right, 1 when something is wrong, naming the
// first wrong entry, and 2 when it could not look.
//
// It only reads, shares with the writer nothing but the format package
// translog, and prints no personal content.
package main
