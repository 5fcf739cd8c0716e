/** A server of files on this machine only, for the check of the site. */

const TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  css: "text/css",
  js: "text/javascript",
  svg: "image/svg+xml",
};

export interface Served {
  /** Ends in a slash. */
  origin: string;
  stop(): Promise<void>;
}

export function serve(folder: string): Served {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const path = decodeURIComponent(new URL(request.url).pathname);
    try {
      const body = await Deno.readFile(folder + path);
      return new Response(body, { headers: { "content-type": TYPES[path.split(".").at(-1) ?? ""] ?? "text/plain" } });
    } catch {
      return new Response("There is no such file", { status: 404 });
    }
  });
  return { origin: `http://127.0.0.1:${server.addr.port}/`, stop: () => server.shutdown() };
}
