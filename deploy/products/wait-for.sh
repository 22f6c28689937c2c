#!/bin/sh
# wait-for.sh HOST PORT COMMAND...: runs the command when the port answers, or after a minute anyway, for the shop waits
# by itself too.
host=$1 port=$2
shift 2
node -e '
  const [host, port] = process.argv.slice(1);
  const end = performance.now() + 60_000;
  const attempt = () => {
    const socket = require("net").connect(Number(port), host);
    socket.once("connect", () => process.exit(0));
    socket.once("error", () => (performance.now() < end ? setTimeout(attempt, 500) : process.exit(0)));
  };
  attempt();
' "$host" "$port"
exec "$@"
