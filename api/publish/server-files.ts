import { locales } from '#content/locales.ts'
import { assetsCache, forPrograms, jsonFeedType, pagesCache, securityHeaders, types } from './headers.ts'
import type { CopiedFile } from './store.ts'

/** What the settings of other web servers are made of. */
export interface Served {
  publicUrl: string
  /** The languages whose pages stand below their own name, "/zh-CN/". */
  below: readonly string[]
  /** Where the folder will lie on the machine that serves it. */
  root: string
}

/** A pattern as nginx and Caddy read it, where a slash is an ordinary character. */
const open = forPrograms.source
/** Files of the folder that are nobody's to read: settings, and packed forms by their own names. */
const inner = '^/(nginx\\.conf|Caddyfile|_headers|candor-copy\\.json|candor-copy/.*)$|\\.(br|gz|tmp)$'

/** Settings with which three kinds of web servers answer as this program does, from the folder alone. */
export const serverFiles = (served: Served): CopiedFile[] =>
  Object.entries({ 'nginx.conf': nginx(served), Caddyfile: caddy(served), _headers: headersFile(served) }).map(
    ([path, text]) => ({ path, bytes: Buffer.from(text) }),
  )

/** The one language that the browser asks for first, as far as a pattern can tell. */
const askedFirst = (locale: string) => `^\\s*${locale.split('-')[0]}\\b`

function nginx({ publicUrl, below, root }: Served): string {
  const headers = Object.entries(securityHeaders(publicUrl))
  const kinds = Object.entries(types).map(([end, type]) => `    "${type}" ${end.slice(1)};`)
  const own = locales.filter((locale) => !below.includes(locale))
  const first = [
    ...own.map((locale) => `  "~*${askedFirst(locale)}" "";`),
    ...below.map((locale) => `  "~*${askedFirst(locale)}" /${locale};`),
  ]
  return `# Serves this folder as the status page. Include it within http { } of nginx.conf, with your own lines for TLS.
# Where the Brotli module is built in, add "brotli_static on;" beside gzip_static.
map $uri $candor_cache {
  default "${pagesCache}";
  ~^/assets/ "${assetsCache}";
}
map $uri $candor_origin {
  default "";
  "~${open}" "*";
}
map $uri $candor_missing {
  default /404.html;
${below.map((locale) => `  ~^/${locale}/ /${locale}/404.html;`).join('\n')}
}
map $http_accept_language $candor_language {
  default "";
${first.join('\n')}
}
server {
  listen 80;
  server_name ${new URL(publicUrl).hostname};
  root ${root};
  index index.html;
  absolute_redirect off;
  gzip_static on;
  gzip_vary on;
  types {
${kinds.join('\n')}
  }
  error_page 404 $candor_missing;
${headers.map(([name, value]) => `  add_header ${name} "${value}" always;`).join('\n')}
  add_header cache-control $candor_cache always;
  add_header access-control-allow-origin $candor_origin always;
  location ~ "${inner}" { return 404; }
  location ~ /feed\\.json$ {
    types { }
    default_type "${jsonFeedType}";
  }
  # One short link leads to the language that the browser asks for.
  location ~ "^(?<candor_short>/i/[a-z0-9]+/)$" {
    add_header vary accept-language always;
${headers.map(([name, value]) => `    add_header ${name} "${value}" always;`).join('\n')}
    add_header cache-control $candor_cache always;
    try_files $candor_language\${candor_short}index.html \${candor_short}index.html =404;
  }
  location ~ "[^/]$" {
    if (-f $request_filename/index.html) { return 308 $uri/$is_args$args; }
    try_files $uri =404;
  }
  location / { try_files $uri/index.html =404; }
}
`
}

function caddy({ publicUrl, below, root }: Served): string {
  const headers = Object.entries(securityHeaders(publicUrl))
  const languages = below.map(
    (locale) => `	@short_${locale.replaceAll('-', '_')} {
		path_regexp short ^(/i/[a-z0-9]+/)$
		header_regexp Accept-Language (?i)${askedFirst(locale)}
		file /${locale}{path}index.html
	}
	rewrite @short_${locale.replaceAll('-', '_')} /${locale}{path}`,
  )
  const missing = below.map(
    (locale) => `		@missing_${locale.replaceAll('-', '_')} path /${locale}/*
		rewrite @missing_${locale.replaceAll('-', '_')} /${locale}/404.html`,
  )
  const kinds = Object.entries(types).map(
    ([end, type]) => `	@kind_${end.slice(1)} path ${end === '.html' ? '*.html */' : `*${end}`}
	header @kind_${end.slice(1)} {
		Content-Type "${type}"
		defer
	}`,
  )
  return `# Serves this folder as the status page: caddy run --config Caddyfile
${new URL(publicUrl).protocol === 'https:' ? new URL(publicUrl).hostname : `http://${new URL(publicUrl).host}`} {
	root * ${JSON.stringify(root)}
	header {
${headers.map(([name, value]) => `		${name} "${value}"`).join('\n')}
		-Server
	}
	@pages not path /assets/*
	header @pages Cache-Control "${pagesCache}"
	@assets path /assets/*
	header @assets Cache-Control "${assetsCache}"
	@open path_regexp open ${open}
	header @open Access-Control-Allow-Origin *
${kinds.join('\n')}
	@feed path */feed.json
	header @feed {
		Content-Type "${jsonFeedType}"
		defer
	}
	@short path /i/*
	header @short +Vary Accept-Language
	@inner path_regexp inner ${inner}
	@folder_asked {
		not path */
		file {path}/index.html
		expression {query} != ""
	}
	redir @folder_asked {path}/?{query} 308
	@folder {
		not path */
		file {path}/index.html
	}
	redir @folder {path}/ 308
	route {
		error @inner 404
${languages.map((lines) => lines.replaceAll(/^/gm, '	')).join('\n')}
		file_server {
			precompressed br gzip
		}
	}
	handle_errors {
		root * ${JSON.stringify(root)}
		header {
${headers.map(([name, value]) => `			${name} "${value}"`).join('\n')}
			-Server
			-Access-Control-Allow-Origin
			Cache-Control "${pagesCache}"
			Content-Type "${types['.html']}"
			defer
		}
		@other not path ${below.map((locale) => `/${locale}/*`).join(' ') || '/none'}
		rewrite @other /404.html
${missing.join('\n')}
		file_server {
			precompressed br gzip
		}
	}
}
`
}

/** The form that Netlify, Cloudflare Pages and others read. They find folders and 404.html by themselves. */
function headersFile({ publicUrl, below }: Served): string {
  const rule = (path: string, headers: Record<string, string>) =>
    [path, ...Object.entries(headers).map(([name, value]) => `  ${name}: ${value}`)].join('\n')
  const anybody = { 'access-control-allow-origin': '*' }
  const roots = ['', ...below.map((locale) => `/${locale}`)]
  const typed = (path: string, end: string) => rule(path, { ...anybody, 'content-type': types[end]! })
  return `${[
    rule('/*', securityHeaders(publicUrl)),
    rule('/assets/*', { 'cache-control': assetsCache }),
    typed('/api/v2/*', '.json'),
    ...roots.flatMap((root) => [
      ...['', '/components/:component', '/statements'].flatMap((of) => [
        typed(`${root}${of}/history.rss`, '.rss'),
        typed(`${root}${of}/history.atom`, '.atom'),
        rule(`${root}${of}/feed.json`, { ...anybody, 'content-type': jsonFeedType }),
      ]),
      typed(`${root}/maintenance.ics`, '.ics'),
      typed(`${root}/badge.svg`, '.svg'),
      rule(`${root}/i/*`, { vary: 'accept-language' }),
    ]),
  ].join('\n')}\n`
}
