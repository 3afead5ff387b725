"""The way in: one edge that owns a request's transaction, one table of problem answers."""

from runtime.http.application import application as application
from runtime.http.idempotency import Made as Made
from runtime.http.idempotency import answered_again_by as answered_again_by
from runtime.http.idempotency import decided_each_time as decided_each_time
from runtime.http.idempotency import stops as stops
from runtime.http.pagination import Cursor as Cursor
from runtime.http.pagination import Limit as Limit
from runtime.http.permissions import may as may
from runtime.http.preconditions import IfMatch as IfMatch
from runtime.http.preconditions import etag as etag
from runtime.http.preconditions import require_match as require_match
from runtime.http.problems import Absent as Absent
from runtime.http.problems import FieldError as FieldError
from runtime.http.problems import Forbidden as Forbidden
from runtime.http.problems import Invalid as Invalid
from runtime.http.problems import PreconditionRequired as PreconditionRequired
from runtime.http.problems import Refused as Refused
from runtime.http.problems import Stale as Stale
from runtime.http.problems import Unavailable as Unavailable
from runtime.http.problems import Withheld as Withheld
from runtime.http.server import serve as serve
from runtime.http.transactional_route import router as router
