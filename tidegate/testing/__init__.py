"""What tests of a gateway and of integrations, ours or anybody's, are made with: the promises of integrations, public
fakes, and generators of documents and data."""

from __future__ import annotations

from tidegate.testing.conformance import check_integration
from tidegate.testing.report import BrokenPromises, Promise, Report
from tidegate.testing.subject import Request

__all__ = ["BrokenPromises", "Promise", "Report", "Request", "check_integration"]
