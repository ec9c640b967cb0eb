using System.CommandLine;
using Audit.Node.Configuration;

namespace Audit.Node.CommandLine;

/// <summary>The options that configure a node, as a verb takes them: all of them, or the few that it has a use for.</summary>
internal sealed class NodeOptionSymbols
{
    /// <summary>The value of a flag that stands alone.</summary>
    private const string Given = "true";

    private readonly List<Option<string>> options = [];

    private NodeOptionSymbols()
    {
    }

    public static NodeOptionSymbols AddAll(Command command) => new NodeOptionSymbols()
        .AddStore(command)
        .Add(command, GivenOptions.Engine, "ENGINE", "local, or akka for a cluster; default local")
        .Add(command, GivenOptions.Urls, "URLS", "where to listen, default http://127.0.0.1:5080; several with ; between")
        .AddData(command)
        .Add(command, GivenOptions.MaxWindow, "LENGTH", "the longest task window, such as 90m, 48h or 2d; default 48h")
        .Add(command, GivenOptions.LogOrigin, "NAME", "the name of the log of a new store; default audit.local/ and a random part")
        .AddLogKey(command)
        .Add(command, GivenOptions.PublicLog, "true|false", "gives the log's checkpoint and tiles to anybody", isFlag: true)
        .Add(command, GivenOptions.Hocon, "FILE", "with the engine akka: HOCON that is laid over its own");

    public static NodeOptionSymbols AddStoreAndData(Command command) =>
        new NodeOptionSymbols().AddStore(command).AddData(command);

    /// <summary>What says where a store is, and where its log's key lies.</summary>
    public static NodeOptionSymbols AddStoreDataAndLogKey(Command command) => AddStoreAndData(command).AddLogKey(command);

    public static NodeOptionSymbols AddDataOnly(Command command) => new NodeOptionSymbols().AddData(command);

    public GivenOptions Gather(ParseResult parsed, Surroundings surroundings) =>
        GivenOptions.Gather(
            options.Where(option => IsGiven(parsed, option))
                .Select(option => KeyValuePair.Create(option.Name[2..], parsed.GetValue(option) ?? Given)),
            surroundings.Environment, surroundings.Directory);

    private static bool IsGiven(ParseResult parsed, Option<string> option) =>
        parsed.GetResult(option) is { Implicit: false };

    private NodeOptionSymbols AddStore(Command command) =>
        Add(command, GivenOptions.Store, "STORE", "sqlite:PATH, or postgres:CONNECTION STRING; default sqlite:DATA/journal.db");

    private NodeOptionSymbols AddData(Command command) =>
        Add(command, GivenOptions.Data, "DIRECTORY", "the node's own directory, default ./audit-data");

    private NodeOptionSymbols AddLogKey(Command command) =>
        Add(command, GivenOptions.LogKey, "FILE", "the log's private key, default log.key in the data directory");

    private NodeOptionSymbols Add(
        Command command, string name, string value, string description, bool hidden = false, bool isFlag = false)
    {
        var option = new Option<string>($"--{name}") { Description = description, HelpName = value, Hidden = hidden };
        if (isFlag)
        {
            option.Arity = ArgumentArity.ZeroOrOne;
        }

        options.Add(option);
        command.Options.Add(option);
        return this;
    }
}
