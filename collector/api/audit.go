package api

import (
	"context"
	"strings"

	"muster/collector/account"
)

// mostAudited is how many records one question looks at, so that a rare act in
// a long audit is answered in pages.
const mostAudited = 50_000

func (s *Server) auditList(ctx context.Context, in *AuditInput) (AuditList, error) {
	wanted, err := s.wantedRecords(in)
	if err != nil {
		return AuditList{}, err
	}
	limit, out, before := orDefault(in.Limit), AuditList{Records: []account.Record{}}, in.Before
	for looked := 0; ; {
		page, err := s.d.Accounts.Store.Records(ctx, before, max(limit, 1000))
		if err != nil {
			return AuditList{}, err
		}
		for _, r := range page {
			take, older := wanted(&r)
			if older {
				return out, nil // they come newest first
			}
			before = r.Seq
			if !take {
				continue
			}
			if out.Records = append(out.Records, r); len(out.Records) == limit {
				out.Next = r.Seq
				return out, nil
			}
		}
		if looked += len(page); len(page) < max(limit, 1000) {
			return out, nil
		}
		if looked >= mostAudited {
			out.Next = before
			return out, nil
		}
	}
}

// wantedRecords says of a record whether it is asked for, and whether it and
// all that are older are too old.
func (s *Server) wantedRecords(in *AuditInput) (func(*account.Record) (take, older bool), error) {
	now := s.d.Now()
	from, err := moment("from", in.From, now)
	if err != nil {
		return nil, err
	}
	to, err := moment("to", in.To, now)
	if err != nil {
		return nil, err
	}
	prefix, many := strings.CutSuffix(in.Action, "*")
	return func(r *account.Record) (bool, bool) {
		switch {
		case !from.IsZero() && r.At.Before(from):
			return false, true
		case !to.IsZero() && r.At.After(to), in.Actor != "" && !strings.EqualFold(r.Actor, in.Actor), in.Outcome != "" && r.Outcome != in.Outcome,
			many && !strings.HasPrefix(r.Action, prefix), !many && in.Action != "" && r.Action != in.Action:
			return false, false
		}
		return true, false
	}, nil
}

func (s *Server) auditVerify(ctx context.Context, _ *NoInput) (AuditVerdict, error) {
	checked, broken, err := s.d.Accounts.VerifyAudit(ctx)
	return AuditVerdict{OK: broken == 0, Checked: checked, Broken: broken}, err
}
