"""Which faults pass by themselves, so that waiting is right, and which will come again with every try.

Every error of ours under its parent: what it means, and the answer over HTTP or what follows in a process.  What no
line says otherwise is answered 500 and is PERMANENT.

Exception
  Problem                   ends a request with a problem answer, its transaction rolls back: the status of its code
    Absent                  404: it is not there, or not for whoever asks
      Withheld              404, and the refusal is on record
    ClaimRefused            403: for whom a system says that it asks does not hold
    ColleaguesCase          409: a page waits for the reason why it is opened, and leads to where it is asked for
    Forbidden               403: the token lacks the scope of the route
      NotAuthorised         403: a service lets the person not ask for this; its tile is left out of the board
    Invalid                 422: fields of the request are not valid, each by its place and a code
    PreconditionRequired    428: the change needs If-Match
    Refused                 409, or the status of its code: a rule of the domain says no
    ServiceRefusal          what a service refused, told on the form that asked for it: the status of its code
    Stale                   412: the version that If-Match names is not the newest
    TooManyRequests         429: the rate limit of one client on one route
    Unauthenticated         401: no valid token
    Unavailable             503: a dependency is away or too busy
      ServiceUnavailable    503: a service gave no answer; its tile has no number
  AlreadyEnrolled           the reference is another agency's person: the command line refuses
  AssignedMeanwhile         409: somebody else answers the referral by now
  CaseStepNotPossible       409: the state of the case
  ChannelError              a channel of notices may not be used here: the process does not start
  CommitsItself             an effect committed the worker's transaction: a fault of the effect
  ConnectionAborted         a response that had begun cannot be ended: the connection is closed
  ConsumerStopped           Faust stopped reading: started anew where restartable, else the process ends
  DependencyUnavailable     UNAVAILABLE: an effect needs a system that is away
  DirectiveStepNotPossible  409: the state of the directive
  HeadMismatch              the ledger is not the one signed last: the sequencer signs no more
  InactiveAgency            the agency of a notice is not active: the notice is put off
  IssuerAway                503: the keys of the token issuer cannot be fetched
  KeyringError              503: a key of an agency is missing, or the keyring may not be used here
  LoginThrottled            429: too many failed logins of a name
  NoAgency                  a mailbox of no active agency: the message becomes a dead letter
  NotAcceptable             422: the terms cannot be a directive, each error by its place and a code
  NotInForce                the broker does not show a change that it took: the command line refuses
  NotOpen                   409: the state of the referral
  NotOpenable               key, place or bytes of a seal do not fit: the message is not shown
  NotSent                   409: a logged referral was sent to no agency
  NotSignedIn               303 to the start page: no session
  NotUnsealed               a session secret that the cookie does not open: the session ends
  NotVerified               401: the token does not hold; 403: the claim that goes with it does not
  NotYet                    409: the instant lies in the future
  OffsetGap                 the reader skipped a message: reading begins again at the committed offset
  OrderStepNotPossible      409: the state of the order
  PersonStepNotPossible     409: the state of the person
  QuotasRefused             the broker refused its quotas: the command line refuses
  RespondentNeeded          409: one of several respondents has to be named
  RespondentRefNeeded       409: a list that leaves out respondents has to name them by reference
  SelfReferral              409: an agency refers to itself
  SignInDenied              400 while signing in, later the session ends: the issuer gives no token
    NoBoard                 403: no scope that the board asks for
  Stalled                   messages wait and none comes: the consumer is started anew
  TaskStepNotPossible       409: the state of the task, or whose it is
  TooLate                   503: an opening took longer than its deadline; the look is on record
  TooOld                    the server is older than PostgreSQL 17: the command line refuses
  UnknownRespondent         409: the order has no such respondent
  UnreadableHeaders         headers of a message that are not ours: the message becomes a dead letter
ValueError
  BadJson                   400, with too many elements 413: the body is not plain JSON; in a token, 401
  InstrumentPackRefused     a pack of risk instruments does not load: the process does not start
  Malformed                 a note or proof is not in its format: a finding
  NotIncluded               a proof does not lead to the signed root: a finding
  NotSigned                 no known key signed a note: a finding
  ReservedName              the id of an agency is the name of one of our own parts: nothing is enrolled
  UnreadableDirective       a directive that contradicts itself: 422 as a draft; a stored denial closes all
  UnreadableEntry           not a ledger entry of ours: a finding
OperationalError
  StandsStill               UNAVAILABLE and 503: PostgreSQL answers nobody
SystemExit
  SettingsRefused           settings are missing or unsafe: the process ends with 1
"""

from __future__ import annotations

import asyncio
from enum import StrEnum
from typing import Final

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

# SQLSTATE classes: 08 connection, 53 out of resources, 57P the server stops or starts, 58 its disk;
# 25006 is a primary that became a replica.
UNAVAILABLE_STATES: Final = ("08", "53", "57P", "58", "25006")
# 40 serialisation and deadlock, 55P03 no lock in time, 57014 cancelled by a timeout, 25P03 ended while it stood idle,
# 25P04 ended as it took too long.
CONFLICT_STATES: Final = ("40", "55P03", "57014", "25P03", "25P04")


class ErrorKind(StrEnum):
    """What to do about an error."""

    UNAVAILABLE = "away"  # something we need is not there: wait, however long
    CONFLICT = "contended"  # somebody was in the way: try again, a few times
    PERMANENT = "lasting"  # trying again changes nothing


class DependencyUnavailable(Exception):
    """Raised by an effect that needs something which is away just now."""


def classify(error: BaseException) -> ErrorKind:
    """Return what kind of fault this is; what is not known to pass is taken to last."""
    if isinstance(error, DBAPIError):
        return _of_database(error)
    if isinstance(error, PoolTimeout | DependencyUnavailable | ConnectionError | TimeoutError | asyncio.TimeoutError):
        return ErrorKind.UNAVAILABLE
    return ErrorKind.PERMANENT


def safe_error_name(error: BaseException) -> str:
    """Return what a log may say of an error: its class and the server's code, never its text."""
    if isinstance(error, DBAPIError):
        return f"{type(error.orig).__name__}:{sqlstate(error) or 'none'}"
    return type(error).__name__


def _of_database(error: DBAPIError) -> ErrorKind:
    state = sqlstate(error)
    if state.startswith(CONFLICT_STATES):
        return ErrorKind.CONFLICT
    if state.startswith(UNAVAILABLE_STATES) or error.connection_invalidated:
        return ErrorKind.UNAVAILABLE
    # A connection that could not be made or that broke has no code of the server's.
    broken = not state and isinstance(error, OperationalError | InterfaceError)
    return ErrorKind.UNAVAILABLE if broken else ErrorKind.PERMANENT


def sqlstate(error: BaseException) -> str:
    """Return the server's code (SQLSTATE, ISO/IEC 9075) where the error is one of the database's, else nothing."""
    return getattr(getattr(error, "orig", None), "sqlstate", None) or ""
