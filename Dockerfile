# Images of Claviger (docs/containers.md). Targets:
#   bare    the program alone: a server without Claude logins, `claviger restore` as an init container
#   claude  with Claude Code: a server that renews Claude logins, a worker for Claude
#   codex   with Codex: a worker for Codex
#   full    with both
# Nothing is compiled into the program at build time that could be a secret, and no stage is given one.

ARG NODE=node:24.21.0-slim

# The bundle holds everything that it needs: no node_modules reaches an image.
FROM ${NODE} AS build
WORKDIR /build
COPY package.json package-lock.json ./
COPY console/package.json console/
# Without scripts: the pinned Node.js is the image's own here.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN npm run build && find dist -name '*.map' -delete

# The agent programs at the versions that they were measured at, by the lock of the tests; for others change that lock.
FROM ${NODE} AS programs
WORKDIR /programs
COPY test/agents/package.json test/agents/package-lock.json ./
RUN npm ci --ignore-scripts --include=optional --no-audit --no-fund \
 && mv node_modules/@anthropic-ai/claude-code-linux-* claude \
 && mv node_modules/@openai/codex-linux-*/vendor/* codex \
 && claude/claude --version \
 && codex/bin/codex --version

FROM ${NODE} AS bare
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates git tini \
 && rm -rf /var/lib/apt/lists/* \
 && groupadd --gid 65532 claviger \
 && useradd --uid 65532 --gid 65532 --no-create-home --home-dir /home/claviger --shell /usr/sbin/nologin claviger \
 && install -d -o 65532 -g 65532 -m 0700 /home/claviger /var/lib/claviger \
 && mkdir -p /opt/claviger/node_modules/node/bin \
 && ln -s /usr/local/bin/node /opt/claviger/node_modules/node/bin/node \
 && ln -s /opt/claviger/bin/claviger /usr/local/bin/claviger
COPY --from=build /build/package.json /opt/claviger/package.json
COPY --from=build /build/bin/claviger /opt/claviger/bin/claviger
COPY --from=build /build/dist /opt/claviger/dist
# A directory below the volume: of the volume's own root neither owner nor mode can be relied on.
ENV CLAVIGER_STATE_DIR=/var/lib/claviger/state
ENV CLAVIGER_HOST=0.0.0.0
ENV HOME=/home/claviger
WORKDIR /home/claviger
# By number, so that an orchestrator can see that it is not root.
USER 65532:65532
EXPOSE 7717
# Of a server; other commands are given another one, or none.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.CLAVIGER_PORT || 7717}/readyz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# tini reaps what agents leave behind, and hands signals on.
ENTRYPOINT ["/usr/bin/tini", "--", "/opt/claviger/bin/claviger"]
# Without the worker that is a part of the server: its agents could read the master key.
CMD ["serve", "--no-embedded-worker"]

FROM bare AS claude
COPY --from=programs /programs/claude /opt/programs/claude
ENV PATH=/opt/programs/claude:$PATH

FROM bare AS codex
COPY --from=programs /programs/codex /opt/programs/codex
ENV PATH=/opt/programs/codex/bin:$PATH

FROM claude AS full
COPY --from=programs /programs/codex /opt/programs/codex
ENV PATH=/opt/programs/codex/bin:$PATH
