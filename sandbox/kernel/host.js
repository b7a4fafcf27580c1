// `$http`, `socket`, `gateway` and `security`.

function headersOf(given) {
  const headers = {};
  if (typeof given === "object" && given !== null) {
    const names = keys(given);
    for (let index = 0; index < names.length; index += 1) {
      const value = given[names[index]];
      if (value !== undefined && value !== null) put(headers, names[index], NativeString(value));
    }
  }
  return headers;
}

function headerOf(headers, wanted) {
  const names = keys(headers);
  for (let index = 0; index < names.length; index += 1) {
    if (toLowerCase(names[index]) === wanted) return headers[names[index]];
  }
  return undefined;
}

// As a query string or a form has it: objects are JSON, what is not there is left out.
function flat(given) {
  const fields = {};
  if (typeof given === "object" && given !== null) {
    const names = keys(given);
    for (let index = 0; index < names.length; index += 1) {
      const value = given[names[index]];
      if (value === undefined || value === null) continue;
      put(fields, names[index], typeof value === "object" ? stringify(value) : NativeString(value));
    }
  }
  return fields;
}

const FORM = "application/x-www-form-urlencoded";

function bodyOf(data, headers) {
  if (data === undefined || data === null) return null;
  let type = headerOf(headers, "content-type");
  if (type === undefined) {
    type = FORM;
    headers["Content-Type"] = FORM;
  }
  if (typeof data !== "object") return NativeString(data);
  if (!startsWith(toLowerCase(trim(type)), FORM)) return stringify(data);
  const fields = flat(data);
  const names = keys(fields);
  let text = "";
  for (let index = 0; index < names.length; index += 1) {
    text += `${index ? "&" : ""}${encode(names[index])}=${encode(fields[names[index]])}`;
  }
  return text;
}

function parsed(text) {
  if (typeof text !== "string") return text;
  try {
    return parse(text);
  } catch {
    return text;
  }
}

function request(config) {
  if (typeof config !== "object" || config === null || typeof config.url !== "string") {
    throw new NativeTypeError("$http takes { method, url, params, data, headers }");
  }
  const method = toUpperCase(NativeString(config.method ?? "GET"));
  const headers = headersOf(config.headers);
  const data = bodyOf(config.data, headers);
  const url = config.url;
  const asked = { method, url, params: flat(config.params), data, headers };
  if (config.async === true) {
    // Backand's way to ask for something and not to care.
    try {
      ask("http", asked);
    } catch (error) {
      if (exceeded !== null) throw error;
    }
    return undefined;
  }
  const response = ask("http", asked);
  if (response.status >= 200 && response.status < 300) return parsed(response.data);
  // With the body as its message, as in Backand. That may say what no client should read: uncaught, it is not told.
  const error = new NativeError(typeof response.data === "string" ? response.data : "");
  withheld(error, "$http was answered with status " + response.status);
  hide(error, "name", response.status);
  hide(error, "status", response.status);
  hide(error, "data", parsed(response.data));
  hide(error, "headers", response.headers);
  throw error;
}

{
  const $http = (config) => request(config);
  for (const name of ["get", "delete", "head"]) {
    hide($http, name, (url, config) => request({ ...config, method: name, url }));
  }
  for (const name of ["post", "put", "patch"]) {
    hide($http, name, (url, data, config) => request({ ...config, method: name, url, data }));
  }
  provide("$http", $http);
}

{
  const refused = (message) => ({ status: 502, message });
  const emit = (mode, event, data, audience) => {
    try {
      return ask("emit", mode, NativeString(event), typeof data === "string" ? parsed(data) : data, audience);
    } catch (error) {
      if (exceeded !== null) throw error;
      return refused(describe(error).message);
    }
  };
  provide("socket", {
    emitUsers: (event, data, users) =>
      users === undefined || users === null
        ? refused("if emitUsers is called, you must specify users")
        : emit("users", event, data, users),
    emitRole: (event, data, role) =>
      role ? emit("role", event, data, role) : refused("if emitRole is called, you must specify a role"),
    emitAll: (event, data) => emit("all", event, data, null),
  });
}

provide("gateway", { call: (operation, given) => ask("call", NativeString(operation), given ?? {}) });

provide("security", {
  hash: (text) => ask("hash", NativeString(text)),
  compare: (text, hashed) => ask("compare", NativeString(text), NativeString(hashed)),
});

for (const name of ["_", "dayjs", "moment", "numbro", "Papa", "uuid"]) {
  defineProperty(global, name, {
    get() {
      // The worker puts the library in the place of this. Lodash looks for its own name while it is loaded.
      hide(global, name, undefined);
      answer("+", name);
      return global[name];
    },
    set(value) {
      hide(global, name, value);
    },
    enumerable: false,
    configurable: true,
  });
}
