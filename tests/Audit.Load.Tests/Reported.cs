namespace Audit.Load.Tests;

/// <summary>Reports of measurements that nobody made.</summary>
internal static class Reported
{
    public static Machine Machine => Machine.Describe("SQLite 3");

    /// <summary>What the command line is read as.</summary>
    public static LoadOptions Options(params string[] arguments)
    {
        LoadOptions? read = null;
        Task<int> Take(LoadOptions given)
        {
            read = given;
            return Task.FromResult(0);
        }

        var parsed = LoadOptions.Command(Take, Take, Take).Parse(arguments);
        Assert.Empty(parsed.Errors);
        Assert.Equal(0, parsed.Invoke());
        return read!;
    }

    public static IReadOnlyList<string> Errors(params string[] arguments)
    {
        static Task<int> Fail(LoadOptions given) => throw new InvalidOperationException("It is not to run.");
        return [.. LoadOptions.Command(Fail, Fail, Fail).Parse(arguments).Errors.Select(error => error.Message)];
    }

    /// <summary>So many events in a second.</summary>
    public static Sample Sample(double perSecond) =>
        new((long)(perSecond * 10), TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(1), 1 << 20);

    public static LoadReport Of(LoadOptions options, params (string Name, Sample Sample)[] samples) => LoadReport.Of(
        Machine, options, [.. samples.Select(one => one.Name)],
        [samples.ToDictionary(one => one.Name, one => one.Sample)]);
}
