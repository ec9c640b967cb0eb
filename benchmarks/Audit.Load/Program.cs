using Audit.Load;
using Audit.Load.Reports;
using Audit.Load.Workloads;

try
{
    var options = LoadOptions.Parse(args);
    var report = await new Harness(options, Console.Error.WriteLine).RunAsync();
    TableReport.Write(report, Console.Out);
    if (options.JsonFile is { } file)
    {
        await JsonReport.WriteAsync(report, file);
    }

    return 0;
}
catch (WrongUseException wrong)
{
    Console.Error.WriteLine(wrong.Message);
    Console.Error.WriteLine(LoadOptions.Usage);
    return 2;
}
