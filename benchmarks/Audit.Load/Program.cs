using System.CommandLine;
using Audit.Load;
using Audit.Load.Growth;
using Audit.Load.Reports;
using Audit.Load.Subjects;

try
{
    var command = LoadOptions.Command(
        MeasureAsync,
        new FlameRun(Console.Error.WriteLine).DrawAsync,
        options => new GrowthRun(options, Console.Error.WriteLine).RunAsync(Console.Out));
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

static async Task<int> MeasureAsync(LoadOptions options)
{
    var earlier = options.Compares ? History.LastLike(options) : null;
    var report = await new Harness(options, Console.Error.WriteLine).RunAsync();
    TableReport.Write(report, Console.Out);
    if (options.Compares)
    {
        Comparison.Write(report, earlier, Console.Out);
    }

    if (options.JsonFile is { } file)
    {
        await File.WriteAllTextAsync(file, JsonReport.Of(report).Indented());
    }

    if (options.History is { } history)
    {
        History.Add(report, history);
    }

    return options.Judges && Goal.Lacks(report).Any() ? 1 : 0;
}
