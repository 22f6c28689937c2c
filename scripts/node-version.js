// Says what is missing instead of failing on a syntax or API that an old Node.js does not know.
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`Prunella needs Node.js 20.19 or newer; this is ${process.versions.node}.`);
  process.exit(1);
}
