using System.CommandLine;
using Audit.Hammer;

var parsed = HammerCommand.Make().Parse(args);
var code = await parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
return parsed.Errors.Count > 0 ? 2 : code;
