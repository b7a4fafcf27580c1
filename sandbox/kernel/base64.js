{
  const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const fail = (message) => {
    const error = new NativeError(message);
    hide(error, "name", "InvalidCharacterError");
    return error;
  };

  provide("btoa", (data) => {
    const text = NativeString(data);
    let result = "";
    for (let at = 0; at < text.length; at += 3) {
      const [a, b, c] = [charCodeAt(text, at), charCodeAt(text, at + 1), charCodeAt(text, at + 2)];
      if (a > 255 || b > 255 || c > 255) throw fail("btoa takes characters up to U+00FF only");
      result += digits[a >> 2] + digits[((a & 3) << 4) | (b >> 4)];
      result += at + 1 < text.length ? digits[((b & 15) << 2) | (c >> 6)] : "=";
      result += at + 2 < text.length ? digits[c & 63] : "=";
    }
    return result;
  });

  provide("atob", (data) => {
    let text = "";
    const given = NativeString(data);
    for (let at = 0; at < given.length; at += 1) if (!includes(" \t\n\f\r", given[at])) text += given[at];
    if (text.length % 4 === 0) text = endsWith(text, "==") ? slice(text, 0, -2) : endsWith(text, "=") ? slice(text, 0, -1) : text;
    if (text.length % 4 === 1) throw fail("atob takes base64");
    let result = "";
    let bits = 0;
    let held = 0;
    for (let at = 0; at < text.length; at += 1) {
      const digit = indexOf(digits, text[at]);
      if (digit < 0) throw fail("atob takes base64");
      bits = ((bits << 6) | digit) & 0xffff;
      held += 6;
      if (held >= 8) {
        held -= 8;
        result += fromCharCode((bits >> held) & 255);
      }
    }
    return result;
  });
}
