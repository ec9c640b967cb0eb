using System.Collections;

namespace Audit.CommandLine.Tests;

public sealed class OptionPrecedenceTests : IDisposable
{
    private readonly TemporaryDirectory directory = new();

    [Fact]
    public void without_any_option_a_node_keeps_to_itself()
    {
        Assert.Equal(new NodeOptions(), Read([], []));
    }

    [Fact]
    public void the_command_line_goes_over_the_environment_and_that_over_the_file()
    {
        WriteFile("""{"Audit":{"Urls":"http://127.0.0.1:1","Data":"of-file","MaxWindow":"1h"}}""");
        var options = Read(
            new() { ["urls"] = "http://127.0.0.1:3" },
            new() { ["AUDIT__URLS"] = "http://127.0.0.1:2", ["AUDIT__DATA"] = "of-environment" });
        Assert.Equal("http://127.0.0.1:3", options.Urls);
        Assert.Equal("of-environment", options.Data);
        Assert.Equal(TimeSpan.FromHours(1), options.MaxWindow);
    }

    [Fact]
    public void the_log_is_told_its_name_its_key_and_who_may_read_it_in_every_spelling()
    {
        WriteFile("""{"Audit":{"LogOrigin":"of-file","PublicLog":"true"}}""");
        var options = Read(new() { ["log-key"] = "there.key" }, new() { ["AUDIT__LOG_ORIGIN"] = "example.com/log" });
        Assert.Equal(("example.com/log", "there.key", true), (options.LogOrigin, options.LogKeyFile, options.PublicLog));
        Assert.False(Read(new() { ["public-log"] = "false" }, []).PublicLog);
    }

    [Fact]
    public void the_logs_key_lies_in_the_data_directory_unless_told_otherwise() =>
        Assert.Equal(Path.Combine("here", "log.key"), Read(new() { ["data"] = "here" }, []).LogKeyFile);

    [Theory]
    [InlineData("AUDIT__MAX_WINDOW")]
    [InlineData("AUDIT__MAXWINDOW")]
    [InlineData("Audit__MaxWindow")]
    public void the_environment_may_spell_a_name_with_or_without_underscores(string variable) =>
        Assert.Equal(TimeSpan.FromMinutes(90), Read([], new() { [variable] = "90m" }).MaxWindow);

    [Theory]
    [InlineData("MaxWindow")]
    [InlineData("max-window")]
    [InlineData("MAX_WINDOW")]
    public void so_may_the_file_and_the_environment_goes_over_it_however_it_is_spelt(string key)
    {
        WriteFile($$$"""{"Audit":{"{{{key}}}":"1h"}}""");
        Assert.Equal(TimeSpan.FromHours(1), Read([], []).MaxWindow);
        Assert.Equal(TimeSpan.FromHours(2), Read([], new() { ["AUDIT__MAX_WINDOW"] = "2h" }).MaxWindow);
    }

    [Theory]
    [InlineData("1s", 1)]
    [InlineData("90m", 5400)]
    [InlineData("48h", 172800)]
    [InlineData("2d", 172800)]
    [InlineData("3650d", 315360000)]
    public void a_length_is_a_number_and_a_unit(string text, int seconds) =>
        Assert.Equal(TimeSpan.FromSeconds(seconds), Read(new() { ["max-window"] = text }, []).MaxWindow);

    [Fact]
    public void the_journal_lies_in_the_data_directory_unless_told_otherwise()
    {
        Assert.Equal("sqlite:" + Path.Combine("here", "journal.db"), Read(new() { ["data"] = "here" }, []).Store);
        Assert.Equal("sqlite:there.db", Read(new() { ["data"] = "here", ["store"] = "sqlite:there.db" }, []).Store);
        Assert.Equal("postgres:Host=db", Read(new() { ["data"] = "here" }, new() { ["AUDIT__STORE"] = "postgres:Host=db" }).Store);
    }

    [Fact]
    public void several_addresses_may_be_listened_on() =>
        Assert.Equal("http://127.0.0.1:1;https://*:2", Read(new() { ["urls"] = "http://127.0.0.1:1; https://*:2;" }, []).Urls);

    [Fact]
    public void other_variables_and_other_sections_are_none_of_the_nodes_business()
    {
        WriteFile("""{"Logging":{"LogLevel":{"Default":"Debug"}},"Kestrel":{}}""");
        Assert.Equal(new NodeOptions(), Read([], new() { ["AUDIT_TOKEN"] = "x", ["AUDIT_SERVER"] = "y", ["PATH"] = "z" }));
    }

    public void Dispose() => directory.Dispose();

    private void WriteFile(string content) => File.WriteAllText(directory.File("appsettings.json"), content);

    private NodeOptions Read(Dictionary<string, string> commandLine, Hashtable environment) =>
        NodeOptionsReader.Read(GivenOptions.Gather(commandLine, environment, directory.Path));
}
