// How each generator is called, what it is known to warn of, and how its client is compiled and run.

import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

const clients = new URL('..', import.meta.url).pathname
const npm = (program) => join(clients, 'node_modules/.bin', program)
const python = (folder, program = 'python') => join(clients, '.cache', folder, 'bin', program)

/** The names of the files in a folder, without their ending. */
const files = (folder, ending) =>
  readdirSync(folder).filter((name) => name.endsWith(ending)).map((name) => name.slice(0, -ending.length))

/** The names of the types that a file exports. */
const exported = (file) =>
  [...readFileSync(file, 'utf8').matchAll(/^export (?:type|interface) (\w+)/gm)].map(([, name]) => name)

// --- TypeScript

const config = {
  compilerOptions: {
    target: 'es2022', module: 'esnext', moduleResolution: 'bundler', strict: true, noEmit: true, skipLibCheck: true,
    lib: ['es2022', 'dom', 'dom.iterable'], types: ['node'], typeRoots: [join(clients, 'node_modules/@types')],
    paths: { 'openapi-fetch': [join(clients, 'node_modules/openapi-fetch')] },
  },
  include: ['main.ts', 'generated/**/*.ts'],
}

const typescript = (name, generate, models) => ({
  warnings: [],
  ...generate,
  models: ({ work }) => models(join(work, 'generated')),
  compile({ here, work, run, cpSync, writeFileSync }) {
    cpSync(join(here, 'typescript', `${name}.ts`), join(work, 'main.ts'))
    writeFileSync(join(work, 'tsconfig.json'), JSON.stringify(config))
    run([npm('tsc'), '--project', '.'])
    const bundle = ['--bundle', '--platform=node', '--format=esm', '--outfile=main.mjs', '--log-level=error']
    run([npm('esbuild'), 'main.ts', ...bundle], { env: { ...process.env, NODE_PATH: join(clients, 'node_modules') } })
  },
  reader: () => ['node', 'main.mjs'],
})

// --- openapi-generator

/** What openapi-generator says and what loses nothing. */
const harmless = [
  /OpenAPI 3\.1 support is still in beta/,
  // Of a schema of several types in a map.
  /Failed to get the schema name: null/,
  // It is required of the event as a whole. In each variant it would break the client for Rust, whose serde takes the tag
  // out before it reads the variant.
  /'Event' defines discriminator 'event_type', .* invalid optional definition of event_type/,
  // Names that are words of the language.
  /cannot be used as (an? )?(model|field\/variable|parameter|enum) name\. Renamed/,
  // Any JSON, in extensible objects.
  /Codegen property is null .* Default to typing\.Any/,
  // An example in a comment.
  /Ignoring complex example on request body/,
]

const jar = (run) =>
  run([python('generators'), '-c', 'import openapi_generator_cli as it, pathlib; print(pathlib.Path(it.__file__).parent / "openapi-generator.jar")']).stdout.trim()

const openapiGenerator = (language, output, properties, options = []) => ({
  warnings: harmless,
  generate({ run, document }) {
    const given = properties.length > 0 ? [`--additional-properties=${properties.join(',')}`] : []
    const words = ['generate', '-i', document, '-g', language, '-o', output, ...given, ...options]
    return run(['java', '-jar', jar(run), ...words]).printed
  },
})

export const generators = {
  'openapi-typescript': {
    ...typescript('openapi-typescript', {
      generate: ({ run, document }) => run([npm('openapi-typescript'), document, '-o', 'generated/schema.d.ts']).printed,
    }, () => []),
    // It names schemas by the document's own keys.
    hasModels: false,
  },
  'hey-api': typescript('hey-api', {
    generate: ({ run, document }) => run([npm('openapi-ts'), '-i', document, '-o', 'generated', '--no-log-file']).printed,
  }, (folder) => exported(join(folder, 'types.gen.ts'))),
  orval: typescript('orval', {
    generate({ run, document, work, writeFileSync }) {
      const output = {
        target: 'generated/client.ts', schemas: 'generated/model', client: 'fetch', mode: 'split',
        baseUrl: process.env.CLIENTS_ENDPOINT,
      }
      writeFileSync(join(work, 'orval.config.cjs'), `module.exports = ${JSON.stringify({ handset: { input: document, output } })}`)
      return run([npm('orval'), '--config', 'orval.config.cjs']).printed
    },
  }, (folder) => files(join(folder, 'model'), '.ts')),
  'typescript-fetch': typescript('typescript-fetch', openapiGenerator('typescript-fetch', 'generated', []), (folder) =>
    files(join(folder, 'models'), '.ts')),

  'openapi-python-client': {
    // Bodies are sent as JSON; the same in XML is more than it knows.
    warnings: [/^WARNING parsing (GET|POST) \/.* within ucwa\./, /^Warning\(s\) encountered while generating/],
    generate({ run, document }) {
      const words = ['generate', '--path', document, '--meta', 'none', '--output-path', 'handset_client']
      const { printed } = run([python('generated', 'openapi-python-client'), ...words])
      const reasons = printed.split('\n').filter((line) => /^(Unsupported|Could not|Failed|Invalid|Unable)/.test(line))
      return printed + reasons.filter((line) => line !== 'Unsupported content type application/xml').map((line) => `\nwarning: ${line}`)
    },
    models: ({ work }) => files(join(work, 'handset_client/models'), '.py'),
    compile: ({ run }) => run([python('generated'), '-m', 'compileall', '-q', 'handset_client']),
    env: ({ work }) => ({ PYTHONPATH: work }),
    reader: ({ here }) => [python('generated'), join(here, 'python/client.py')],
  },
  python: {
    ...openapiGenerator('python', 'client', [], ['--package-name', 'handset_client']),
    models: ({ work }) => files(join(work, 'client/handset_client/models'), '.py'),
    compile: ({ run }) => run([python('generators'), '-m', 'compileall', '-q', 'client/handset_client']),
    env: ({ work }) => ({ PYTHONPATH: join(work, 'client') }),
    reader: ({ here }) => [python('generators'), join(here, 'python/openapi_generator.py')],
  },
  go: {
    ...openapiGenerator('go', 'client', ['useOneOfDiscriminatorLookup=true', 'enumClassPrefix=true', 'packageName=handset']),
    models: ({ work }) => files(join(work, 'client'), '.go').filter((name) => name.startsWith('model_')),
    compile({ here, work, run, cpSync, writeFileSync }) {
      // Without its tests it needs no other module, and any Go that has generics builds it.
      writeFileSync(join(work, 'client/go.mod'), 'module handset.example/client\n\ngo 1.19\n')
      cpSync(join(here, 'go/main.go'), join(work, 'client/cmd/reader/main.go'))
      run(['go', 'build', '-o', '../reader', './cmd/reader'], { cwd: join(work, 'client') })
    },
    reader: ({ work }) => [join(work, 'reader')],
  },
  rust: {
    ...openapiGenerator('rust', 'client', [], ['--package-name', 'handset_client']),
    models: ({ work }) => files(join(work, 'client/src/models'), '.rs').filter((name) => name !== 'mod'),
    compile({ here, work, run, cpSync }) {
      cpSync(join(here, 'rust'), join(work, 'reader'), { recursive: true })
      const target = join(clients, '.cache/rust-target')
      run(['cargo', 'build', '--quiet', '--locked'], { cwd: join(work, 'reader'), env: { ...process.env, CARGO_TARGET_DIR: target } })
    },
    reader: () => [join(clients, '.cache/rust-target/debug/reader')],
  },
  java: {
    ...openapiGenerator('java', 'client', [
      'hideGenerationTimestamp=true', 'openApiNullable=false', 'useJakartaEe=true', 'containerDefaultToNull=true',
    ], ['--library', 'native']),
    models: ({ work }) => files(join(work, 'client/src/main/java/org/openapitools/client/model'), '.java'),
    compile({ here, run, writeFileSync, work }) {
      // Jackson is in the generator's own jar, so that Maven's registry is not needed.
      const sources = run(['find', 'client/src/main', join(here, 'java'), '-name', '*.java']).stdout
      writeFileSync(join(work, 'sources'), sources)
      run(['javac', '-nowarn', '-proc:none', '-cp', jar(run), '-d', 'classes', '@sources'])
    },
    reader: ({ run }) => ['java', '-cp', `${jar(run)}:classes`, 'Reader'],
  },
}
