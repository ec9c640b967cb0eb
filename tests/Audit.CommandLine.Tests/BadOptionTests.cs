using System.Collections;

namespace Audit.CommandLine.Tests;

public sealed class BadOptionTests
{
    [Theory]
    [InlineData("--store", "oracle:here", "sqlite:PATH or postgres:CONNECTION STRING")]
    [InlineData("--store", "journal.db", "sqlite:PATH or postgres:CONNECTION STRING")]
    [InlineData("--store", "sqlite:", "sqlite:PATH or postgres:CONNECTION STRING")]
    [InlineData("--store", "sqlite:/", "sqlite:PATH or postgres:CONNECTION STRING")]
    [InlineData("--store", "postgres:", "sqlite:PATH or postgres:CONNECTION STRING")]
    [InlineData("--store", "", "sqlite:PATH or postgres:CONNECTION STRING")]
    [InlineData("--engine", "orleans", "accepted is local or akka")]
    [InlineData("--hocon", "akka.conf", "the engine is local")]
    [InlineData("--urls", "", "http:// or https://")]
    [InlineData("--urls", ";", "http:// or https://")]
    [InlineData("--urls", "localhost", "http:// or https://")]
    [InlineData("--urls", "ftp://127.0.0.1", "http:// or https://")]
    [InlineData("--urls", "http://127.0.0.1:70000", "http:// or https://")]
    [InlineData("--urls", "http://127.0.0.1:5080/under", "http:// or https://")]
    [InlineData("--urls", "http://127.0.0.1:5080;nonsense", "http:// or https://")]
    [InlineData("--data", "", "the path of a directory")]
    [InlineData("--data", "/etc/passwd", "the path of a directory")]
    [InlineData("--log-origin", "", "printable characters")]
    [InlineData("--log-origin", "of two words", "printable characters")]
    [InlineData("--log-origin", "a+b", "printable characters")]
    [InlineData("--log-key", "", "the path of a file")]
    [InlineData("--log-key", "/", "the path of a file")]
    [InlineData("--public-log", "perhaps", "true or false")]
    [InlineData("--max-window", "", "a whole number and a unit")]
    [InlineData("--max-window", "48", "a whole number and a unit")]
    [InlineData("--max-window", "h", "a whole number and a unit")]
    [InlineData("--max-window", "-2h", "a whole number and a unit")]
    [InlineData("--max-window", "1.5h", "a whole number and a unit")]
    [InlineData("--max-window", "0s", "a whole number and a unit")]
    [InlineData("--max-window", "3651d", "a whole number and a unit")]
    [InlineData("--max-window", "99999999999999h", "a whole number and a unit")]
    [InlineData("--max-window", "1.12:00:00", "a whole number and a unit")]
    public async Task a_bad_value_is_named_with_its_option_and_what_is_accepted(string option, string value, string accepted)
    {
        var result = (await InProcess.RunAsync("serve", option, value)).Require(ExitCode.WrongUse);
        var sentence = Assert.Single(result.ErrorLines);
        Assert.StartsWith($"{option} \"{value}\" is not accepted", sentence, StringComparison.Ordinal);
        Assert.Contains(accepted, sentence, StringComparison.Ordinal);
        Assert.EndsWith(".", sentence, StringComparison.Ordinal);
        Assert.Empty(result.Out);
    }

    [Theory]
    [InlineData("AUDIT__MAX_WINDOW")]
    [InlineData("AUDIT__MAXWINDOW")]
    [InlineData("Audit__MaxWindow")]
    public async Task a_bad_value_from_the_environment_is_named_as_it_stands_there(string variable)
    {
        var result = await InProcess.RunAsync(new Hashtable { [variable] = "soon" }, ".", "serve");
        Assert.StartsWith($"{variable} \"soon\" is not accepted", result.Require(ExitCode.WrongUse).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task a_bad_value_from_the_file_is_named_with_the_file()
    {
        using var directory = new TemporaryDirectory();
        await File.WriteAllTextAsync(directory.File("appsettings.json"), """{"Audit":{"MaxWindow":"soon"}}""");
        var result = await InProcess.RunAsync(new Hashtable(), directory.Path, "serve");
        Assert.StartsWith(
            "Audit:MaxWindow in appsettings.json \"soon\" is not accepted", result.Require(ExitCode.WrongUse).Error,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"Audit":""")]
    [InlineData("[]")]
    public async Task a_settings_file_that_is_no_json_object_ends_the_start(string content)
    {
        using var directory = new TemporaryDirectory();
        await File.WriteAllTextAsync(directory.File("appsettings.json"), content);
        var result = await InProcess.RunAsync(new Hashtable(), directory.Path, "serve");
        Assert.Contains("appsettings.json cannot be read", result.Require(ExitCode.WrongUse).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task a_misspelt_setting_in_the_environment_is_not_passed_over()
    {
        var result = await InProcess.RunAsync(new Hashtable { ["AUDIT__STOER"] = "x" }, ".", "serve");
        Assert.Contains("AUDIT__STOER is not a setting", result.Require(ExitCode.WrongUse).Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ingest", "--public-log")]
    [InlineData("token", "list", "--log-origin", "audit.example")]
    [InlineData("serve", "--agent")]
    [InlineData("ingest", "--store")]
    public async Task an_option_that_would_do_nothing_is_not_taken(params string[] args)
    {
        var result = (await InProcess.RunAsync(args)).Require(ExitCode.WrongUse);
        Assert.Contains(Array.Find(args, arg => arg.StartsWith('-'))!, result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("rebuild", "again")]
    [InlineData("tail", "--after")]
    [InlineData("serve", "again")]
    [InlineData("ingest")]
    [InlineData("ingest", "one", "two")]
    [InlineData("ingest", "-", "-o", "yaml")]
    [InlineData("ingest", "-", "-o", "1")]
    [InlineData("ingest", "-", "--server", "localhost")]
    [InlineData("serve", "--store", "sqlite:a", "--store", "sqlite:b")]
    [InlineData("serve", "--store")]
    [InlineData("token")]
    [InlineData("token", "create")]
    [InlineData("token", "create", "ci-7")]
    [InlineData("token", "create", "--role", "ingest")]
    [InlineData("token", "create", "ci-7", "--role", "king")]
    [InlineData("token", "create", "ci-7", "--role", "ingest")]
    [InlineData("token", "create", "ci-7", "--role", "read", "--expires", "soon")]
    [InlineData("token", "revoke")]
    [InlineData("token", "list", "--server", "http://127.0.0.1:1", "--store", "sqlite:a")]
    [InlineData("verify", "--bundle", "a.zip", "--store", "sqlite:a")]
    [InlineData("verify", "--bundle", "a.zip", "--server", "http://127.0.0.1:1")]
    [InlineData("verify", "--store", "sqlite:a", "--server", "http://127.0.0.1:1")]
    [InlineData("verify", "--key", "nonsense")]
    [InlineData("verify", "--since", "not-there")]
    [InlineData("export")]
    [InlineData("export", "--bundle", "")]
    [InlineData("log")]
    [InlineData("log", "restart")]
    [InlineData("log", "restart", "--reason", " ")]
    [InlineData("log", "restart", "--reason", "why", "--origin", "a+b")]
    public async Task wrong_use_ends_with_a_sentence(params string[] args)
    {
        var result = (await InProcess.RunAsync(args)).Require(ExitCode.WrongUse);
        Assert.NotEmpty(result.ErrorLines);
        Assert.Empty(result.Out);
    }

    [Fact]
    public async Task a_password_in_a_bad_store_is_not_repeated()
    {
        using var directory = new TemporaryDirectory();
        var result = await InProcess.RunAsync(
            "serve", "--data", directory.Path, "--urls", "http://127.0.0.1:0", "--store", "postgres:Hots=x;Password=secret-word");
        result.Require(ExitCode.WrongUse);
        Assert.DoesNotContain("secret-word", result.Error, StringComparison.Ordinal);
    }
}
