using System.Text;

namespace Audit.Lifecycle.Tests.Events;

public sealed class InputCommandTests
{
    [Theory]
    [InlineData("""{"command":"ls"}""", "ls")]
    [InlineData("""{"url":"u","path":"/p","cmd":"dir"}""", "dir")]
    [InlineData("""{"command":"","path":"/p"}""", "/p")]
    [InlineData("""{"command":{"deep":["x"]},"sql":"SELECT \"a\"\n"}""", "SELECT \"a\"\n")]
    [InlineData("""{"other":1}""", """{"other":1}""")]
    [InlineData("""["ls"]""", """["ls"]""")]
    [InlineData("\"a \\u00e9\"", "a é")]
    [InlineData("7", "7")]
    [InlineData("null", "")]
    [InlineData("", "")]
    public void the_member_that_says_most_is_the_command(string input, string command) =>
        Assert.Equal(command, Encoding.UTF8.GetString(InputCommand.Of(Encoding.UTF8.GetBytes(input))));
}
