// answers: [true,true]
// The settings, which are nobody's to change.
function run() {
  try { Config.hacked = true; } catch {}
  try { CONSTS.apiUrl = "http://elsewhere"; } catch {}
  return [Object.isFrozen(Config), Object.isFrozen(CONSTS)];
}
