package enroll

import (
	"net/http"
	"time"
)

// Code is the stable word of a refusal. Programs branch on it, people read
// the message. Those that /v1/reports also uses have the same text there.
type Code string

// The codes.
const (
	CodeMalformed       Code = "malformed"                 // the bytes are no message of this wire
	CodeVersion         Code = "unknown_version"           // the agent is newer than the collector
	CodeTokenUnknown    Code = "token_unknown"             // no such token here
	CodeTokenUsedUp     Code = "token_used_up"             // all its uses are taken
	CodeTokenExpired    Code = "token_expired"             //
	CodeTokenRevoked    Code = "token_revoked"             //
	CodeTokenNetwork    Code = "token_wrong_network"       // not from an address the token is for
	CodeCSR             Code = "request_unsigned"          // the CSR is broken
	CodeKey             Code = "key_unsuitable"            // not ECDSA P-256
	CodeKeyInUse        Code = "key_in_use"                // a key is for one device and one generation
	CodeUnknown         Code = "unknown_device"            // no device has this key
	CodeRevoked         Code = "revoked"                   //
	CodeForked          Code = "key_forked"                // the key is on several machines
	CodeSuperseded      Code = "key_superseded"            // a newer key of this device is in use
	CodeExpired         Code = "certificate_expired"       // on any route but /v1/renew
	CodeTooLate         Code = "certificate_too_old"       // even for /v1/renew
	CodeNotYet          Code = "certificate_not_yet_valid" //
	CodeWrongCA         Code = "certificate_wrong_ca"      //
	CodeWrongUse        Code = "certificate_wrong_use"     // not for clients
	CodeNoCertificate   Code = "certificate_missing"       //
	CodeApprovalNeeded  Code = "approval_needed"           // somebody has to decide; ask again
	CodeApprovalRefused Code = "approval_refused"          // somebody decided against
)

// Action is what an agent does about a refusal.
type Action int

// The actions.
const (
	DoLater   Action = iota // the same again, after Retry-After
	DoRenew                 // renew the certificate at once
	DoNewKey                // make another key and ask again
	DoEnroll                // wait for a new enrolment string; keep the old identity and try it daily
	DoCorrect               // somebody must change something; the same again would be refused again
)

// Refusal is the body of an answer with a status from 400 up, and the error
// that a refused request ends in.
type Refusal struct {
	Code    Code          `cbor:"1,keyasint" json:"code"`
	Message string        `cbor:"2,keyasint" json:"message"` // one line that says what to do
	Now     int64         `cbor:"3,keyasint,omitempty" json:"now,omitempty"`
	After   time.Duration `cbor:"-" json:"-"` // Retry-After: when it may be another answer
}

// Error is the message with its code.
func (r *Refusal) Error() string { return r.Message + " (" + string(r.Code) + ")" }

// Refuse makes the refusal of a code with its own words.
func Refuse(c Code) *Refusal {
	l := c.line()
	return &Refusal{Code: c, Message: l.text, After: l.after}
}

// Status is the HTTP status of a refusal with this code.
func (c Code) Status() int { return c.line().status }

// Action says what an agent does about it; DoLater for a code it does not know,
// because a newer collector may say what this agent has not learned.
func (c Code) Action() Action { return c.line().action }

// Text is the code's own words.
func (c Code) Text() string { return c.line().text }

// Codes lists all codes.
func Codes() []Code {
	var all []Code
	for _, l := range lines() {
		all = append(all, l.code)
	}
	return all
}

type line struct {
	code   Code
	status int
	action Action
	after  time.Duration
	text   string
}

func (c Code) line() line {
	for _, l := range lines() {
		if l.code == c {
			return l
		}
	}
	return line{code: c, status: http.StatusForbidden, after: 10 * time.Minute, text: "refused"}
}

// lines is the whole table: what is told, and what an agent does about it.
// Refused agents try at most each ten minutes (trust.md F27).
func lines() []line {
	const wait = 10 * time.Minute
	return []line{
		{CodeMalformed, http.StatusBadRequest, DoCorrect, 0, "this is not a request for a certificate; the agent and the collector do not fit each other"},
		{CodeVersion, http.StatusBadRequest, DoCorrect, wait, "the agent speaks a newer version than this collector; update the collector first"},
		{CodeTokenUnknown, http.StatusForbidden, DoCorrect, wait, "this collector does not know the token; make a new enrolment string here with muster enroll new"},
		{CodeTokenUsedUp, http.StatusForbidden, DoCorrect, wait, "the enrolment string has been used as often as it may; make a new one with muster enroll new"},
		{CodeTokenExpired, http.StatusForbidden, DoCorrect, wait, "the enrolment string has expired; make a new one with muster enroll new"},
		{CodeTokenRevoked, http.StatusForbidden, DoCorrect, wait, "the enrolment string was revoked; make a new one with muster enroll new"},
		{CodeTokenNetwork, http.StatusForbidden, DoCorrect, wait, "the enrolment string is not for devices of this network; make one for it with muster enroll new"},
		{CodeCSR, http.StatusBadRequest, DoNewKey, wait, "the certificate request is broken or not signed by its own key"},
		{CodeKey, http.StatusBadRequest, DoNewKey, wait, "only ECDSA keys over P-256 are taken"},
		{CodeKeyInUse, http.StatusConflict, DoNewKey, 0, "this key has been used before; make a new key and ask again"},
		{CodeUnknown, http.StatusUnauthorized, DoEnroll, wait, "this collector does not know the device; enrol it with a new enrolment string"},
		{CodeRevoked, http.StatusForbidden, DoEnroll, wait, "this device was revoked; if that is over, enrol it with a new enrolment string"},
		{CodeForked, http.StatusForbidden, DoEnroll, wait, "this machine came up with the identity of another one (a cloned disk); enrol it with an enrolment string of its own"},
		{CodeSuperseded, http.StatusForbidden, DoEnroll, wait, "a newer key of this device is in use, so this one is a copy or an old backup; enrol this machine with a new enrolment string"},
		{CodeExpired, http.StatusUnauthorized, DoRenew, 0, "the certificate has expired; renew it"},
		{CodeTooLate, http.StatusForbidden, DoEnroll, wait, "the certificate expired more than a year ago; enrol the device with a new enrolment string"},
		{CodeNotYet, http.StatusUnauthorized, DoLater, wait, "the certificate is not valid yet: the collector's clock was set back; set it right"},
		{CodeWrongCA, http.StatusUnauthorized, DoEnroll, wait, "the certificate is from an authority this collector does not know; enrol the device with a new enrolment string"},
		{CodeWrongUse, http.StatusUnauthorized, DoEnroll, wait, "the certificate is not one for devices"},
		{CodeNoCertificate, http.StatusUnauthorized, DoEnroll, wait, "no client certificate; enrol this device first"},
		{CodeApprovalNeeded, http.StatusForbidden, DoLater, wait, "this device waits until somebody lets it in; it asks again by itself"},
		{CodeApprovalRefused, http.StatusForbidden, DoEnroll, time.Hour, "somebody decided not to let this device in"},
	}
}
