"""Headers become a `CurrentUser`: tokens are verified here and nowhere else."""

from tidegate.auth.authenticator import Authenticator as Authenticator
from tidegate.auth.headers import Headers as Headers
from tidegate.auth.refusal import NOT_ACCEPTED as NOT_ACCEPTED
