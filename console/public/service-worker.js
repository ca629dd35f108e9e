// Keeps the files of the console whose names change with their content, so that it opens at once. It touches nothing else:
// no page, and never an answer of the API.

const CACHE = 'claviger-assets'
const AT_MOST = 150

self.addEventListener('install', () => self.skipWaiting())
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()))

self.addEventListener('fetch', (event) => {
  const { pathname, origin } = new URL(event.request.url)
  const assets = new URL('./assets/', self.registration.scope).pathname
  if (event.request.method !== 'GET' || origin !== self.location.origin || !pathname.startsWith(assets))
    return
  event.respondWith(kept(event.request))
})

async function kept(request) {
  const cache = await caches.open(CACHE)
  const known = await cache.match(request)
  if (known !== undefined) return known
  const answer = await fetch(request)
  if (answer.ok) {
    await cache.put(request, answer.clone())
    // The oldest first: files of earlier versions.
    const keys = await cache.keys()
    await Promise.all(keys.slice(0, Math.max(0, keys.length - AT_MOST)).map((key) => cache.delete(key)))
  }
  return answer
}
