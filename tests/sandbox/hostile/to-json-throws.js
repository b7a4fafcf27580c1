// throws: from toJSON
// An answer that cannot be written.
function run() {
  return { toJSON() { throw new Error("from toJSON"); } };
}
