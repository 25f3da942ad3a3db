package sqlstore

// retainHealth is how many findings or incidents one transaction of Retain
// removes.
const retainHealth = 100

const (
	incidentsOld = `SELECT i.number FROM incident_rows i INDEXED BY incident_by_end WHERE i.status = 'resolved' AND i.resolved_at < ?
		AND NOT EXISTS (SELECT 1 FROM finding_rows f WHERE f.incident = i.number AND f.state <> 'resolved') LIMIT ?`
	findingsOld = `SELECT f.id FROM finding_rows f INDEXED BY finding_by_end WHERE f.state = 'resolved' AND f.resolved_at < ?
		AND NOT EXISTS (SELECT 1 FROM incident_rows i WHERE i.number = f.incident AND i.status <> 'resolved') LIMIT ?`
)

// removeIncidents removes incidents that were resolved before a time, with
// their steps, unless one of their findings still holds.
func (t *tx) removeIncidents(before int64) (removed int64, more bool, _ error) {
	var old []int64
	err := t.each(incidentsOld, []any{before, retainHealth}, func(scan scan) error {
		var n int64
		err := scan(&n)
		old = append(old, n)
		return err
	})
	for _, number := range old {
		for _, q := range []string{
			"DELETE FROM incident_step_rows WHERE incident = ?",
			"DELETE FROM incident_rows WHERE number = ?",
		} {
			if err != nil {
				return 0, false, err
			}
			var n int64
			n, err = t.count(q, number)
			removed += n
		}
	}
	return removed, len(old) == retainHealth, err
}

// removeFindings removes findings that were resolved before a time, unless
// they belong to an incident that is open.
func (t *tx) removeFindings(before int64) (removed int64, more bool, _ error) {
	n, err := t.count("DELETE FROM finding_rows WHERE id IN ("+findingsOld+")", before, retainHealth)
	return n, n == retainHealth, err
}
