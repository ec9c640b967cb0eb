// node validate.js MODULES compose|kubernetes < FILE: validates YAML with ajv against the public schema, which lies in a package
// of MODULES, and prints a line for each error. Of Kubernetes' objects no member is accepted that their schema does not have.
'use strict';
const Module = require('module');
const path = require('path');
const [modules, what] = process.argv.slice(2);
const from = name => require(path.join(modules, name));
const Ajv = from('ajv').default;
const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });

function closed(schema) {
  if (Array.isArray(schema)) {
    return schema.map(closed);
  }
  if (schema === null || typeof schema !== 'object') {
    return schema;
  }
  const made = Object.fromEntries(Object.entries(schema).map(([name, value]) => [name, closed(value)]));
  if (schema.properties && typeof schema.properties === 'object' && !('additionalProperties' in schema)) {
    made.additionalProperties = false;
  }
  return made;
}

// The package hands its schemas to a validator of its own; here ajv gets them.
function kubernetes(document) {
  const [group, version] = document.apiVersion.includes('/') ? document.apiVersion.split('/') : ['core', document.apiVersion];
  const id = `io.k8s.api.${group.split('.')[0]}.${version}.${document.kind}`;
  const file = id.split('.').map(part => part[0].toUpperCase() + part.slice(1)).join('');
  from(`kubernetes-models/_schemas/${file}.js`).addSchema();
  return `${id}#`;
}

const load = Module._load;
Module._load = function (name, ...rest) {
  return name === '@kubernetes-models/validate'
    ? { register: (id, schema) => ajv.getSchema(id) || ajv.addSchema(closed(schema), id) }
    : load.call(this, name, ...rest);
};

const compose = 'compose';
if (what === compose) {
  // Its name for the draft is one that the draft itself does not use.
  const { $schema, ...schema } = from('dclint/schemas/compose.schema.json');
  ajv.addSchema(schema, compose);
}

const { parseAllDocuments } = from('yaml');
let wrong = 0;
for (const parsed of parseAllDocuments(require('fs').readFileSync(0, 'utf8'), { merge: true })) {
  if (parsed.errors.length > 0) {
    throw parsed.errors[0];
  }
  const document = parsed.toJS();
  const validate = ajv.getSchema(what === compose ? compose : kubernetes(document));
  if (!validate(document)) {
    wrong += validate.errors.length;
    for (const error of validate.errors) {
      console.log(`${error.instancePath} ${error.message} ${JSON.stringify(error.params)}`);
    }
  }
}
process.exitCode = wrong > 0 ? 1 : 0;
