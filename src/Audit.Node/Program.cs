using Audit.Node.CommandLine;
using Audit.Node.Hosting;

NativeMemory.Bound();
using var termination = new Termination();
return await AuditCommandLine.RunAsync(args, Surroundings.OfProcess(), termination.Token);
