#!/usr/bin/env bash
# What a worker of Agent Swarm does with a ChatGPT login when it starts, and then: it fetches its configuration by curl,
# makes Codex's own auth.json of it with jq, and starts codex for each prompt that comes on standard input. It knows nothing
# of Claviger but what that API and these variables say: MCP_BASE_URL, API_KEY, AGENT_ID, HARNESS_PROVIDER. CODEX is the
# program.
set -u

[ "${HARNESS_PROVIDER:-claude}" = codex ] || { echo "[worker] only codex here" >&2; exit 2; }
home="${CODEX_HOME:-$HOME/.codex}"
file="$home/auth.json"

# What is no ChatGPT login makes way for one.
if [ -f "$file" ] && [ "$(jq -r '.auth_mode // empty' "$file" 2>/dev/null)" != chatgpt ]; then
  rm -f "$file"
fi

ask() {
  curl -sf -H "Authorization: Bearer $API_KEY" -H "X-Agent-ID: $AGENT_ID" "$MCP_BASE_URL$1"
}

# Pools first, then the one key.
for key in codex_oauth_0 codex_oauth; do
  [ -f "$file" ] && break
  value=$(ask "/api/config/resolved?includeSecrets=true&key=$key" |
    jq -r --arg key "$key" '.configs[] | select(.key == $key) | .value // empty' | head -1)
  [ -n "$value" ] || continue
  printf '%s' "$value" | jq -e . > /dev/null || { echo "[worker] $key is no JSON" >&2; continue; }
  mkdir -p "$home"
  (
    umask 077
    printf '%s' "$value" | jq '
      if .auth_mode == "chatgpt" then .
      elif (.access and .refresh and .accountId and .expires) then {
        auth_mode: "chatgpt",
        OPENAI_API_KEY: null,
        tokens: { id_token: .access, access_token: .access, refresh_token: .refresh, account_id: .accountId },
        last_refresh: (.expires / 1000 | todate)
      }
      else error("neither of the two forms") end' > "$file.new"
  ) && mv "$file.new" "$file" && chmod 600 "$file" && echo "[worker] Restored codex OAuth credentials"
done

if [ ! -f "$file" ]; then
  echo "[worker] there is no login for codex" >&2
  exit 78
fi

while IFS= read -r prompt; do
  "$CODEX" exec --skip-git-repo-check "$prompt" < /dev/null
  echo "[worker] ended with $?"
done

if [ -n "${TASK_ID:-}" ]; then
  ask "/api/tasks/$TASK_ID" | jq -r '"[worker] task \(.status) \(.credentialKeyType) \(.credentialKeySuffix)"'
fi
