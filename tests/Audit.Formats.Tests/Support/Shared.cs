namespace Audit.Formats.Tests.Support;

/// <summary>Recorded and documented inputs that lie beside the checkout and are no part of it.</summary>
internal static class Shared
{
    private const string Variable = "AUDIT_TEST_FIXTURES";

    public static readonly string? Folder = Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } given
        ? Directory.Exists(given) ? given : null
        : Find(Path.Combine("shared", "fixtures"));

    public static string WhyNot => $"The folder ../shared/fixtures does not lie beside this checkout, and {Variable} names no other.";

    public static byte[] Read(string file) => File.ReadAllBytes(Path.Combine(Folder!, file));

    private static string? Find(string relative)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Audit.Actors.sln")) && folder.Parent is { } beside)
            {
                var path = Path.Combine(beside.FullName, relative);
                return Directory.Exists(path) ? path : null;
            }
        }

        return null;
    }
}
