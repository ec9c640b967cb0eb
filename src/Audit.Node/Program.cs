using Audit.Node.CommandLine;

using var termination = new Termination();
return await AuditCommandLine.RunAsync(args, Surroundings.OfProcess(), termination.Token);
