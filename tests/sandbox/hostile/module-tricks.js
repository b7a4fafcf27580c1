// throws: 
// import.meta, outside of modules.
function run() {
  return eval("import.meta.url");
}
