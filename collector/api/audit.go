package api

import (
	"context"

	"muster/collector/account"
)

func (s *Server) auditList(ctx context.Context, in *AuditInput) (AuditList, error) {
	limit := orDefault(in.Limit)
	records, err := s.d.Accounts.Store.Records(ctx, in.Before, limit)
	if records == nil {
		records = []account.Record{}
	}
	out := AuditList{Records: records}
	if len(records) == limit {
		out.Next = records[len(records)-1].Seq
	}
	return out, err
}

func (s *Server) auditVerify(ctx context.Context, _ *NoInput) (AuditVerdict, error) {
	checked, broken, err := s.d.Accounts.VerifyAudit(ctx)
	return AuditVerdict{OK: broken == 0, Checked: checked, Broken: broken}, err
}
