package api

import "context"

// As client_calls.go: figures, and when they are mailed.

// SummaryShow calls summary-show: count what a board asks for.
func (c *Client) SummaryShow(ctx context.Context, in SummaryInput) (Summary, error) {
	return call[SummaryInput, Summary](ctx, c, "summary-show", in)
}

// SummaryList calls summary-list: list when summaries are mailed.
func (c *Client) SummaryList(ctx context.Context) (ScheduleList, error) {
	return call[NoInput, ScheduleList](ctx, c, "summary-list", NoInput{})
}

// SummarySet calls summary-set: make or replace a summary that is mailed.
func (c *Client) SummarySet(ctx context.Context, in SchedulePutInput) (Schedule, error) {
	return call[SchedulePutInput, Schedule](ctx, c, "summary-set", in)
}

// SummaryDelete calls summary-delete: mail a summary no more.
func (c *Client) SummaryDelete(ctx context.Context, in ChannelInput) error {
	_, err := call[ChannelInput, Nothing](ctx, c, "summary-delete", in)
	return err
}

// SummarySend calls summary-send: mail a summary now.
func (c *Client) SummarySend(ctx context.Context, in SummarySendInput) (SummarySent, error) {
	return call[SummarySendInput, SummarySent](ctx, c, "summary-send", in)
}
