"""Actions as people wrote them for Backand, unchanged."""

from __future__ import annotations

from typing import Any

from tests.sandbox.script import run

HEAD = """\
/* globals
  $http - Service for AJAX calls
  CONSTS - CONSTS.apiUrl for Backands API URL
  Config - Global Configuration
  socket - Send realtime database communication
  files - file handler, performs upload and delete of files
  request - the current http request
*/
'use strict';
"""
PROFILE = {"username": "ann@desk.example", "role": "User", "token": "Bearer abc"}


def answered(data: str, status: int = 200) -> dict[str, Any]:
    return {"status": status, "headers": {}, "data": data}


def test_as_the_editor_begins() -> None:
    code = (
        HEAD
        + """function backandCallback(userInput, dbRow, parameters, userProfile) {
\t// write your code here

\treturn {};
}"""
    )
    done = run(code, {"name": "x"}, row={}, profile=PROFILE)
    assert (done.value, done.input) == ({}, {"name": "x"})


def test_a_validation() -> None:
    code = (
        HEAD
        + """function backandCallback(userInput, dbRow, parameters, userProfile) {
  if (userProfile.role !== 'Admin' && userInput.status != dbRow.status) {
    throw new Error('Only an admin may change the status');
  }
}"""
    )
    failure = run(code, {"status": 2}, row={"status": 1}, profile=PROFILE).failed()
    assert (failure.fault, failure.message) == ("thrown", "Only an admin may change the status")
    assert failure.place == "actions/tidy.js:12:15"
    assert run(code, {"status": 1}, row={"status": 1}, profile=PROFILE).value is None


def test_keys_and_passwords() -> None:
    code = (
        HEAD
        + """function backandCallback(userInput, dbRow, parameters, userProfile) {
  var s4 = function() {
    return Math.floor((1 + Math.random()) * 0x10000).toString(16).substring(1);
  };
  userInput.id = s4() + s4() + '-' + s4();
  userInput.password = security.hash(userInput.password);
  delete userInput.confirmPassword;
  return {};
}"""
    )
    done = run(code, {"password": "x", "confirmPassword": "x"}, answers=["hashed"])
    assert sorted(done.input) == ["id", "password"]
    assert done.input["password"] == "hashed"
    assert len(done.input["id"]) == 13


def test_a_request_with_the_users_token() -> None:
    code = (
        HEAD
        + """function backandCallback(userInput, dbRow, parameters, userProfile) {
  var response = $http({
    method: "GET",
    url: CONSTS.apiUrl + "/1/objects/items",
    params: { filter: [{ fieldName: "owner", operator: "equals", value: userProfile.username }], pageSize: 20 },
    headers: { "Authorization": userProfile.token }
  });
  for (var i = 0; i < response.data.length; i++) {
    console.log(response.data[i]);
  }
  return { count: response.totalRows };
}"""
    )
    done = run(code, profile=PROFILE, answers=[answered('{"totalRows":2,"data":[{"id":1},{"id":2}]}')])
    assert done.value == {"count": 2}
    assert done.lines == [("log", "{ id: 1 }"), ("log", "{ id: 2 }")]
    ((_, (request,)),) = done.asked
    assert request["url"] == "https://gate.example/1/objects/items"
    wanted = '[{"fieldName":"owner","operator":"equals","value":"ann@desk.example"}]'
    assert request["params"] == {"filter": wanted, "pageSize": "20"}
    assert request["headers"] == {"Authorization": "Bearer abc"}


def test_a_text_message() -> None:
    code = (
        HEAD
        + """function backandCallback(userInput, dbRow, parameters, userProfile) {
  var account = Config.account, secret = Config.secret;
  try {
    return $http({
      method: "POST",
      url: "https://sms.example/Accounts/" + account + "/Messages.json",
      data: "From=" + encodeURIComponent(parameters.from) + "&Body=" + encodeURIComponent(parameters.body),
      headers: {
        "Accept": "application/json",
        "Content-Type": "application/x-www-form-urlencoded",
        "Authorization": 'basic ' + btoa(account + ':' + secret)
      }
    });
  } catch (err) {
    if (err.name == 401) return { error: JSON.parse(err.message).code };
    throw err;
  }
}"""
    )
    settings = {"Config": {"account": "AC1", "secret": "s"}, "CONSTS": {}}
    parameters = {"from": "+49 1", "body": "Hi & bye"}
    given: dict[str, Any] = {"parameters": parameters, "settings": settings}
    done = run(code, answers=[answered('{"sid":"SM1"}', 201)], **given)
    assert done.value == {"sid": "SM1"}
    ((_, (request,)),) = done.asked
    assert request["data"] == "From=%2B49%201&Body=Hi%20%26%20bye"
    assert request["headers"]["Authorization"] == "basic QUMxOnM="
    assert run(code, answers=[answered('{"code":20003}', 401)], **given).value == {"error": 20003}
    assert (
        run(code, answers=[answered("inside", 500)], **given).failed().message == "$http was answered with status 500"
    )


def test_a_chat() -> None:
    code = (
        HEAD
        + """function backandCallback(userInput, dbRow, parameters, userProfile) {
  var members = $http.get(CONSTS.apiUrl + "/1/objects/members", { params: { pageSize: 100 } }).data;
  var usernames = members.map(function(member) { return member.email; });
  socket.emitUsers("send_message" + dbRow.chat, { message: dbRow.text, from: userProfile.username }, usernames);
  socket.emitRole("items_updated", userInput, "Admin");
  socket.emitAll("counter", "3");
  return {};
}"""
    )
    done = run(
        code,
        {"text": "Hi"},
        row={"id": 1, "chat": 7, "text": "Hi"},
        profile=PROFILE,
        answers={"http": answered('{"data":[{"email":"bob@desk.example"}]}'), "emit": {"status": 200, "message": "ok"}},
    )
    assert done.value == {}
    assert [arguments for what, arguments in done.asked if what == "emit"] == [
        ["users", "send_message7", {"message": "Hi", "from": "ann@desk.example"}, ["bob@desk.example"]],
        ["role", "items_updated", {"text": "Hi"}, "Admin"],
        ["all", "counter", 3, None],
    ]
