// Keeps the files of the console whose names change with their content, so that it opens at once. Pages are always the
// server's: only where one cannot be had because the server is away, this answers with a page of its own, which goes on by
// itself. That page is whole in this file, so that nothing of it has to be kept, or could be of another version. It touches
// nothing else, and never an answer of the API.

const CACHE = 'claviger-assets'
const AT_MOST = 150

self.addEventListener('install', () => self.skipWaiting())
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()))

self.addEventListener('fetch', (event) => {
  const { request } = event
  const { pathname, origin } = new URL(request.url)
  const scope = new URL(self.registration.scope).pathname
  if (request.method !== 'GET' || origin !== self.location.origin || !pathname.startsWith(scope)) return
  const name = pathname.slice(scope.length)
  if (name.startsWith('assets/')) event.respondWith(kept(request))
  else if (name === 'away.css') event.respondWith(own('text/css', STYLE))
  else if (name === 'away.js') event.respondWith(own('text/javascript', `(${tryAgain})(${isAway})`))
  else if (request.destination === 'document' && !name.startsWith('api/')) event.respondWith(page(request))
})

async function kept(request) {
  const cache = await caches.open(CACHE)
  const known = await cache.match(request)
  if (known !== undefined) return known
  const answer = await fetch(request)
  // A page in the place of a script or a style is somebody else's, for example of a network that asks who one is.
  const isPage = answer.redirected || /^text\/html\b/.test(answer.headers.get('content-type') ?? 'text/html')
  if (answer.ok && !isPage) {
    await cache.put(request, answer.clone())
    // The oldest first: files of earlier versions.
    const keys = await cache.keys()
    await Promise.all(keys.slice(0, Math.max(0, keys.length - AT_MOST)).map((key) => cache.delete(key)))
  }
  return answer
}

async function page(request) {
  const answer = await fetch(request).catch(() => null)
  if (!isAway(answer)) return answer
  const base = new URL(self.registration.scope).pathname
  return own('text/html', PAGE.replaceAll('="./', `="${base}`), 503)
}

// Nobody answers, or a proxy says that nobody does. Also a part of the page below.
function isAway(answer) {
  return answer === null || answer.status === 502 || answer.status === 504
}

function own(type, text, status = 200) {
  const headers = {
    'content-type': `${type}; charset=utf-8`,
    'content-security-policy': POLICY,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'same-origin',
  }
  return new Response(text, { status, headers })
}

const POLICY = [
  "default-src 'none'",
  ...["script-src 'self'", "style-src 'self'", "connect-src 'self'"],
  ...["base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"],
  ...["require-trusted-types-for 'script'", "trusted-types 'none'"],
].join('; ')

const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">
    <title>Not connected · Claviger</title>
    <link rel="stylesheet" href="./away.css">
    <script src="./away.js"></script>
  </head>
  <body>
    <main>
      <h1>The server cannot be reached</h1>
      <p role="status">Trying again. As soon as it answers, this page goes on by itself.</p>
      <p>It may be starting, or this device has no network.</p>
    </main>
  </body>
</html>
`

// The browser's own colours, light or dark.
const STYLE = `
:root { color-scheme: light dark }
body { margin: 0; font: 1rem/1.5 system-ui, sans-serif; color: CanvasText; background: Canvas }
main { display: grid; gap: 0.75rem; max-width: 30rem; margin: 20dvh auto 0; padding: 1.25rem }
h1, p { margin: 0 }
h1 { font-size: 1.25rem }
`

// Runs in the page, where nothing of this worker can be reached.
function tryAgain(isStillAway) {
  try {
    const chosen = localStorage.getItem('claviger.theme')
    if (chosen === 'light' || chosen === 'dark') document.documentElement.style.colorScheme = chosen
  } catch {
    // As in theme.js: a browser that keeps nothing.
  }
  // Milliseconds.
  const LONGEST_PAUSE = 5000
  let pause = 500
  let timer = setTimeout(look, pause)
  async function look() {
    const asked = { method: 'HEAD', cache: 'no-store', redirect: 'manual' }
    const answer = await fetch(location.href, asked).catch(() => null)
    if (!isStillAway(answer)) return location.reload()
    pause = Math.min(2 * pause, LONGEST_PAUSE)
    clearTimeout(timer)
    timer = setTimeout(look, pause)
  }
  // A device that was asleep, or had no network.
  addEventListener('online', look)
  document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && look())
}
