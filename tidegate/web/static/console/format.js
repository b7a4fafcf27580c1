// Numbers and moments, for people.

export function milliseconds(value) {
  if (value === null || value === undefined) return "";
  if (value < 1) return `${value.toFixed(2)} ms`;
  if (value < 100) return `${value.toFixed(1)} ms`;
  if (value < 10_000) return `${Math.round(value)} ms`;
  if (value < 120_000) return `${Number((value / 1000).toFixed(1))} s`;
  return value < 7_200_000 ? `${Number((value / 60_000).toFixed(1))} min` : `${Number((value / 3_600_000).toFixed(1))} h`;
}

export function seconds(value) {
  return value === null || value === undefined ? "" : milliseconds(value * 1000);
}

export function bytes(value) {
  if (value === null || value === undefined) return "";
  if (value < 1000) return `${value} B`;
  if (value < 1_000_000) return `${(value / 1024).toFixed(1)} KiB`;
  return `${(value / 1024 / 1024).toFixed(1)} MiB`;
}

export function clock(at, withParts = true) {
  const date = new Date(at * 1000);
  const two = (number) => String(number).padStart(2, "0");
  const whole = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return withParts ? `${whole}.${String(date.getMilliseconds()).padStart(3, "0")}` : whole;
}

export function moment(at) {
  const date = new Date(at * 1000);
  const today = date.toDateString() === new Date().toDateString();
  const day = today ? "" : `${date.toLocaleDateString(undefined, { month: "short", day: "numeric" })} `;
  return day + clock(at, false);
}

export function age(since, now = Date.now() / 1000) {
  const passed = Math.max(0, now - since);
  if (passed < 60) return `${Math.floor(passed)} s`;
  if (passed < 3600) return `${Math.floor(passed / 60)} min`;
  if (passed < 86400) return `${Math.floor(passed / 3600)} h ${Math.floor((passed % 3600) / 60)} min`;
  return `${Math.floor(passed / 86400)} d`;
}

export function count(value) {
  if (value < 10_000) return String(value);
  return value < 1_000_000 ? `${(value / 1000).toFixed(1)}k` : `${(value / 1_000_000).toFixed(1)}M`;
}

export function plural(number, one, many = `${one}s`) {
  return `${number} ${number === 1 ? one : many}`;
}

export function who(user, role) {
  return user === null || user === undefined ? `nobody (${role})` : `${user} (${role})`;
}
