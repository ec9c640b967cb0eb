namespace Audit.Node.Tests.Formats;

/// <summary>The small streams of other systems that the tests of the formats are made of.</summary>
internal static class Streams
{
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "Streams");

    public static IReadOnlyList<string> All { get; } =
        [.. Directory.GetFiles(Folder, "*.jsonl").Select(path => Path.GetFileNameWithoutExtension(path)!).Order()];

    public static TheoryData<string> Names { get; } = [.. All];

    public static TheoryData<string> Formats { get; } = [.. FormatReaders.Names];

    public static string Text(string name) => File.ReadAllText(Path.Combine(Folder, name + ".jsonl"));

    public static string FormatOf(string name) => name.Split('+')[0];
}
