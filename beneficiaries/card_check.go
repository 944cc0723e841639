package beneficiaries

import (
	"context"
	"fmt"

	"github.com/google/uuid"
)

// LiveCode tells whether what was typed is the live code of this mandate's
// card, and gives it back as it is printed. It is for printing the card again
// while its code is still on the screen: no code is kept in clear, so only the
// page that shows it can ask. It decides nothing; the caller has.
func (s *Service) LiveCode(ctx context.Context, mandate uuid.UUID, typed string) (Code, bool, error) {
	code, wellFormed := parseCode(typed)
	if !wellFormed {
		return Code{}, false, nil
	}
	live, err := codeIsLive(s.commands.Store().Read(ctx), mandate, s.hash("card", code))
	if err != nil {
		return Code{}, false, fmt.Errorf("check the card's code: %w", err)
	}
	if !live {
		return Code{}, false, nil
	}
	return Code{clear: code}, true, nil
}
