// The files of this folder are one function, put together in the order that javascript.py names them. It runs in each
// context before anything else, and keeps what programs may later replace: they can spoil their own run, and get no
// odd answer out of ours. It is no wall: that is the process.

const global = globalThis;
const door = global.call_python;
const { apply, defineProperty, getOwnPropertyDescriptor, getPrototypeOf, ownKeys } = Reflect;
const { freeze, keys } = Object;
const { isArray } = Array;
const { parse, stringify } = JSON;
const NativeError = Error;
const NativePromise = Promise;
const NativeNumber = Number;
const NativeRangeError = RangeError;
const NativeString = String;
const NativeTypeError = TypeError;
const { fromCharCode } = String;
const { isFinite } = Number;
const encode = encodeURIComponent;

const unbound = (method) => (self, ...rest) => apply(method, self, rest);
const then = unbound(NativePromise.prototype.then);
const hexadecimal = unbound(NativeNumber.prototype.toString);
const charCodeAt = unbound(NativeString.prototype.charCodeAt);
const endsWith = unbound(NativeString.prototype.endsWith);
const includes = unbound(NativeString.prototype.includes);
const indexOf = unbound(NativeString.prototype.indexOf);
const slice = unbound(NativeString.prototype.slice);
const startsWith = unbound(NativeString.prototype.startsWith);
const setOf = unbound(WeakMap.prototype.set);
const getOf = unbound(WeakMap.prototype.get);
const toLowerCase = unbound(NativeString.prototype.toLowerCase);
const toUpperCase = unbound(NativeString.prototype.toUpperCase);
const toWellFormed = unbound(NativeString.prototype.toWellFormed);
const trim = unbound(NativeString.prototype.trim);

const has = (value, name) => getOwnPropertyDescriptor(value, name) !== undefined;

// As the properties of errors are: there, and not listed.
function hide(target, name, value) {
  defineProperty(target, name, { value, writable: true, enumerable: false, configurable: true });
}

function put(target, name, value) {
  defineProperty(target, name, { value, writable: true, enumerable: true, configurable: true });
}

function provide(name, value) {
  hide(global, name, value);
}

// Data of the gateway's, for which programs share one copy.
function frozen(value) {
  if (typeof value === "object" && value !== null) {
    for (const name of ownKeys(value)) frozen(value[name]);
    freeze(value);
  }
  return value;
}
