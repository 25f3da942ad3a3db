package api

import (
	"context"
	"time"

	"muster/collector/saved"
)

// LookInput asks when one last looked at the board.
type LookInput struct {
	Now bool `query:"now" doc:"The board is being looked at now: note that."`
}

// Look is when who asks looked at the board.
type Look struct {
	Before time.Time `json:"before,omitzero" doc:"The end of the visit before this one. Absent: this is the first."`
	At     time.Time `json:"at,omitzero" doc:"The last time it was looked at."`
}

// lookMark is how far apart notes of one visit are.
const lookMark = time.Minute

// lookShow tells when one last looked. That it is being looked at is noted here,
// as a use of a token is: it is no change that the audit would want.
func (s *Server) lookShow(ctx context.Context, in *LookInput) (Look, error) {
	if s.d.Saved == nil {
		return Look{}, NewProblem(notOffered, "this collector does not note when the board is looked at")
	}
	owner, now := saved.OwnerOf(actorOf(ctx)), s.d.Now()
	l, err := s.d.Saved.Look(ctx, owner)
	if err != nil {
		return Look{}, err
	}
	if in.Now && now.Sub(l.At) >= lookMark {
		l = l.Next(now)
		if err := s.d.Saved.PutLook(ctx, owner, l); err != nil {
			// On a full disk reading must go on.
			s.d.Log.WarnContext(ctx, "note a look at the board", "error", err)
		}
	}
	return Look{Before: l.Before, At: l.At}, nil
}
