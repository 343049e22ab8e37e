// The errors about wrong arguments, as Node's own functions throw them.
"use strict";

function wrongType(name, expected, found) {
  const what = found === null ? "null" : Array.isArray(found) ? "an array" : typeof found;
  const error = new TypeError(`${name}: expected ${expected}, found ${what}`);
  error.code = "ERR_INVALID_ARG_TYPE";
  return error;
}

function outOfRange(sentence) {
  const error = new RangeError(sentence);
  error.code = "ERR_OUT_OF_RANGE";
  return error;
}

function aFunction(name, value) {
  if (typeof value !== "function") throw wrongType(name, "a function", value);
  return value;
}

function wholePairs(name, value) {
  if (!/\p{Surrogate}/u.test(value)) return value;
  const error = new TypeError(`${name}: half of a surrogate pair, which UTF-8 cannot carry`);
  error.code = "ERR_INVALID_ARG_VALUE";
  throw error;
}

module.exports = { aFunction, outOfRange, wholePairs, wrongType };
