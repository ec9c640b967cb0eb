using System.CommandLine;
using Audit.Load;
using Audit.Load.Reports;
using Audit.Load.Workloads;

try
{
    var command = LoadOptions.Command(async options =>
    {
        var report = await new Harness(options, Console.Error.WriteLine).RunAsync();
        TableReport.Write(report, Console.Out);
        if (options.JsonFile is { } file)
        {
            await JsonReport.WriteAsync(report, file);
        }
    });
    var parsed = command.Parse(args);
    var code = await parsed.InvokeAsync(new InvocationConfiguration
    {
        EnableDefaultExceptionHandler = false,
        ProcessTerminationTimeout = null,
    });
    return parsed.Errors.Count > 0 ? 2 : code;
}
catch (WrongUseException wrong)
{
    Console.Error.WriteLine(wrong.Message);
    return 2;
}
