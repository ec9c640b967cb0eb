namespace Audit.Architecture.Tests;

public sealed class SourceFileTests
{
    [Fact]
    public void no_file_has_a_carriage_return() => Assert.DoesNotContain(Repository.Files(), HasCarriageReturn);

    private static bool HasCarriageReturn(string file)
    {
        var content = File.ReadAllBytes(Repository.PathOf(file));
        var isText = !content.Contains((byte)0);
        return isText && content.Contains((byte)'\r');
    }
}
