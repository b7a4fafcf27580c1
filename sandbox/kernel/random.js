// A forked process would go on with the numbers of its parent, so each run begins with the system's own.
const { imul } = Math;
const { parseInt: number } = NativeNumber;

// That many random bytes.
function entropy(size, write) {
  const text = answer("!", NativeString(size));
  for (let index = 0; index < size; index += 1) write(index, number(slice(text, 2 * index, 2 * index + 2), 16));
}

// xoshiro128**: for dice, not for secrets, as everywhere.
const dice = new Uint8Array(16);

function shake() {
  entropy(16, (index, byte) => {
    dice[index] = byte;
  });
}

{
  const state = new Uint32Array(dice.buffer);
  const rotate = (value, by) => (value << by) | (value >>> (32 - by));
  const next = () => {
    const result = imul(rotate(imul(state[1], 5), 7), 9);
    const shifted = state[1] << 9;
    state[2] ^= state[0];
    state[3] ^= state[1];
    state[1] ^= state[2];
    state[0] ^= state[3];
    state[2] ^= shifted;
    state[3] = rotate(state[3], 11);
    return result >>> 0;
  };
  hide(Math, "random", () => ((next() >>> 5) * 67108864 + (next() >>> 6)) / 9007199254740992);
}

{
  const typed = getPrototypeOf(Uint8Array.prototype);
  const kind = unbound(getOwnPropertyDescriptor(typed, Symbol.toStringTag).get);
  const buffer = unbound(getOwnPropertyDescriptor(typed, "buffer").get);
  const offset = unbound(getOwnPropertyDescriptor(typed, "byteOffset").get);
  const size = unbound(getOwnPropertyDescriptor(typed, "byteLength").get);
  const Bytes = Uint8Array;
  const getRandomValues = (array) => {
    const of = kind(array);
    if (of === undefined || startsWith(of, "Float")) {
      throw new NativeTypeError("crypto.getRandomValues fills an array of integers");
    }
    if (size(array) > 65536) throw new NativeRangeError("crypto.getRandomValues gives 65536 bytes at most");
    const bytes = new Bytes(buffer(array), offset(array), size(array));
    entropy(size(array), (index, byte) => {
      bytes[index] = byte;
    });
    return array;
  };
  const randomUUID = () => {
    let text = "";
    entropy(16, (index, byte) => {
      if (index === 6) byte = (byte & 15) | 64;
      if (index === 8) byte = (byte & 63) | 128;
      if (index === 4 || index === 6 || index === 8 || index === 10) text += "-";
      text += (byte < 16 ? "0" : "") + hexadecimal(byte, 16);
    });
    return text;
  };
  provide("crypto", freeze({ getRandomValues, randomUUID }));
}
