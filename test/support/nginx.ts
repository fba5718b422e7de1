import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Why a command that needs these programs cannot do its work; null when all are installed. */
export function missingPrograms(...programs: [command: string, flag: string][]): string | null {
  const missing = programs.filter(([command, flag]) => spawnSync(command, [flag]).error).map(([command]) => command)
  return missing.length ? `${missing.join(' and ')} is not installed: apt-get install ${missing.join(' ')}` : null
}

/** Starts nginx on an exported folder, with the settings of the export, as one process that keeps its files in `room`. */
export function spawnNginx({ room, target, port }: { room: string; target: string; port: number }): ChildProcess {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${room}/${name};`,
  )
  const user = process.getuid?.() === 0 ? 'user root; ' : ''
  writeFileSync(
    join(room, 'nginx.conf'),
    `${user}daemon off; pid ${room}/pid; error_log ${room}/nginx.log; events { } http { access_log off; ${temporary.join(' ')} include ${room}/site.conf; }`,
  )
  const settings = readFileSync(join(target, 'nginx.conf'), 'utf8')
  writeFileSync(join(room, 'site.conf'), settings.replace('listen 80;', `listen 127.0.0.1:${port};`))
  return spawn('nginx', ['-c', join(room, 'nginx.conf')], { stdio: ['ignore', 'ignore', 'inherit'] })
}
