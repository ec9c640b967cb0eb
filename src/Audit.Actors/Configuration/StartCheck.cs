using System.Net;
using Akka.Actor;
using Akka.Configuration;
using Akka.Serialization;
using Audit.Actors.Journal;
using Audit.Actors.Messages;

namespace Audit.Actors.Configuration;

/// <summary>
/// What a user's HOCON may not undo, for it would corrupt the book or open the door to anybody's types.
/// </summary>
internal static class StartCheck
{
    private const string Hyperion = "akka.actor.serialization-settings.hyperion";

    /// <exception cref="AkkaEngineException">The engine must not be started so.</exception>
    public static void Run(ActorSystem system)
    {
        var config = system.Settings.Config;
        Refuse(
            system.Serialization.FindSerializerForType(typeof(JournalEvent)) is not JournalEventSerializer,
            "The HOCON binds another serializer to Audit.Actors.Journal.IJournalEvent: what is stored must stay "
            + "readable, and only serializer 7401 is accepted.");
        Refuse(
            system.Serialization.FindSerializerForType(typeof(object)) is HyperionSerializer,
            "The HOCON binds Hyperion to System.Object, by which it would reach what is persisted; it reads fields by "
            + "position, and is accepted for Audit.Actors.Messages.ICrossesTheWire alone.");
        Refuse(
            !config.GetBoolean($"{Hyperion}.disallow-unsafe-type"),
            $"The HOCON turns {Hyperion}.disallow-unsafe-type off; only on is accepted.");
        Refuse(
            config.GetStringList($"{Hyperion}.allowed-types").Count == 0,
            $"The HOCON empties {Hyperion}.allowed-types, which would let every type in; accepted is a list with the "
            + "engine's own.");
        CheckJournal(config);
    }

    private static void CheckJournal(Config config)
    {
        var plugin = config.GetString(JournalDoor.PluginKey);
        Refuse(
            plugin is not (CommitJournal.Id or SqlJournal.Id),
            $"The HOCON sets {JournalDoor.PluginKey} to \"{plugin}\"; accepted are {CommitJournal.Id} and "
            + $"{SqlJournal.Id}, for the node reads what they write.");
        Refuse(
            plugin == CommitJournal.Id && config.GetInt($"{plugin}.max-waiting") < 1,
            $"The HOCON sets {plugin}.max-waiting to less than 1, and nothing could be written.");
        Refuse(
            !config.GetConfig($"{plugin}.event-adapter-bindings").IsNullOrEmpty(),
            $"The HOCON binds event adapters to {plugin}: events are stored as they are, and none is accepted.");
        Refuse(
            plugin == SqlJournal.Id && config.GetString($"{plugin}.serializer") is { Length: > 0 } and not "null",
            $"The HOCON sets {plugin}.serializer: events have a serializer of their own, and none is accepted here.");
        Refuse(
            plugin == SqlJournal.Id && config.GetString($"{plugin}.replay-filter.mode") is not ("warn" or "off"),
            $"The HOCON sets {plugin}.replay-filter.mode to what would drop or refuse events of older writers; "
            + "accepted are warn and off.");
    }

    private static void Refuse(bool isWrong, string sentence)
    {
        if (isWrong)
        {
            throw new AkkaEngineException(sentence);
        }
    }
}

/// <summary>What protects the nodes' way to each other: TLS, or that nobody else is on it.</summary>
internal static class RemotingCheck
{
    private const string Tcp = "akka.remote.dot-netty.tcp";

    /// <exception cref="AkkaEngineException">Other machines would be spoken to in the clear.</exception>
    public static void Run(Config config, bool isInsecureAllowed)
    {
        if (isInsecureAllowed)
        {
            return;
        }

        if (!UsesTls(config) && !IsOfThisMachine(HostOf(config)))
        {
            throw new AkkaEngineException(
                $"The node does not start: on {HostOf(config)} the nodes of the cluster would speak in the clear, and "
                + "whoever reaches the port can say anything to them. Accepted are a certificate "
                + $"({EnvironmentSettings.Certificate}), an address of this machine alone such as 127.0.0.1, or "
                + "--insecure-remoting, which is written down.");
        }

        if (UsesTls(config) && config.GetBoolean($"{Tcp}.ssl.suppress-validation"))
        {
            throw new AkkaEngineException(
                $"The HOCON turns {Tcp}.ssl.suppress-validation on, by which anybody's certificate is believed; "
                + "accepted are off, and --insecure-remoting, which is written down.");
        }
    }

    public static string SentenceOf(Config config) =>
        UsesTls(config)
            ? "TLS between nodes: each checks the certificate of the one it calls. A caller without a certificate is "
                + $"not refused by this version of Akka.NET: keep port {PortOf(config)} within a network of the nodes"
        : IsOfThisMachine(HostOf(config))
            ? "no TLS between nodes, all of which are on this machine"
        : $"NO TLS between nodes: whoever reaches port {PortOf(config)} of {HostOf(config)} can write into the book";

    private static bool UsesTls(Config config) => config.GetBoolean($"{Tcp}.enable-ssl");

    /// <summary>Nothing stands for all addresses.</summary>
    private static string HostOf(Config config) =>
        config.GetString($"{Tcp}.hostname") is { Length: > 0 } host ? host : "0.0.0.0";

    private static int PortOf(Config config) => config.GetInt($"{Tcp}.port");

    private static bool IsOfThisMachine(string host) =>
        string.Equals(host, "localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));
}
