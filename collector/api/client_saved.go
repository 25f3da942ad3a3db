package api

import "context"

// As client_calls.go: searches, and what is saved under a name.

// SearchRead calls search-read: read a search back in words, and offer how to go on.
func (c *Client) SearchRead(ctx context.Context, in SearchReadInput) (SearchRead, error) {
	return call[SearchReadInput, SearchRead](ctx, c, "search-read", in)
}

// SearchField calls search-field: tell how a field can be searched by.
func (c *Client) SearchField(ctx context.Context, in SearchFieldInput) (SearchField, error) {
	return call[SearchFieldInput, SearchField](ctx, c, "search-field", in)
}

// SearchAdd calls search-add: add a condition to a search.
func (c *Client) SearchAdd(ctx context.Context, in SearchAddInput) (SearchAdded, error) {
	return call[SearchAddInput, SearchAdded](ctx, c, "search-add", in)
}

// SearchList calls search-list: list saved searches.
func (c *Client) SearchList(ctx context.Context) (SearchList, error) {
	return call[NoInput, SearchList](ctx, c, "search-list", NoInput{})
}

// SearchShow calls search-show: show a saved search.
func (c *Client) SearchShow(ctx context.Context, in SavedInput) (SavedSearch, error) {
	return call[SavedInput, SavedSearch](ctx, c, "search-show", in)
}

// SearchNew calls search-new: save a search.
func (c *Client) SearchNew(ctx context.Context, in SearchNewInput) (SavedSearch, error) {
	return call[SearchNewInput, SavedSearch](ctx, c, "search-new", in)
}

// SearchSet calls search-set: rename, share or change a saved search.
func (c *Client) SearchSet(ctx context.Context, in SearchSetInput) (SavedSearch, error) {
	return call[SearchSetInput, SavedSearch](ctx, c, "search-set", in)
}

// SearchDelete calls search-delete: delete a saved search.
func (c *Client) SearchDelete(ctx context.Context, in SavedIDInput) error {
	_, err := call[SavedIDInput, Nothing](ctx, c, "search-delete", in)
	return err
}

// QueryList calls query-list: list saved statements.
func (c *Client) QueryList(ctx context.Context) (QueryList, error) {
	return call[NoInput, QueryList](ctx, c, "query-list", NoInput{})
}

// QueryShow calls query-show: show a saved statement.
func (c *Client) QueryShow(ctx context.Context, in SavedInput) (SavedQuery, error) {
	return call[SavedInput, SavedQuery](ctx, c, "query-show", in)
}

// QueryNew calls query-new: save a statement.
func (c *Client) QueryNew(ctx context.Context, in QueryNewInput) (SavedQuery, error) {
	return call[QueryNewInput, SavedQuery](ctx, c, "query-new", in)
}

// QuerySet calls query-set: rename, share or change a saved statement.
func (c *Client) QuerySet(ctx context.Context, in QuerySetInput) (SavedQuery, error) {
	return call[QuerySetInput, SavedQuery](ctx, c, "query-set", in)
}

// QueryDelete calls query-delete: delete a saved statement.
func (c *Client) QueryDelete(ctx context.Context, in SavedIDInput) error {
	_, err := call[SavedIDInput, Nothing](ctx, c, "query-delete", in)
	return err
}

// LookShow calls look-show: tell when you last looked at the board.
func (c *Client) LookShow(ctx context.Context, in LookInput) (Look, error) {
	return call[LookInput, Look](ctx, c, "look-show", in)
}
