using Akka.Actor;
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
    private const string JournalKey = "akka.persistence.journal.plugin";
    private const string JournalSerializer = "akka.persistence.journal.sql.serializer";

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
            config.GetString(JournalSerializer) is { Length: > 0 } and not "null",
            $"The HOCON sets {JournalSerializer}: events have a serializer of their own, and none is accepted here.");
        Refuse(
            !config.GetBoolean($"{Hyperion}.disallow-unsafe-type"),
            $"The HOCON turns {Hyperion}.disallow-unsafe-type off; only on is accepted.");
        Refuse(
            config.GetStringList($"{Hyperion}.allowed-types").Count == 0,
            $"The HOCON empties {Hyperion}.allowed-types, which would let every type in; accepted is a list with the "
            + "engine's own.");
        Refuse(
            config.GetString("akka.persistence.journal.sql.replay-filter.mode") is not ("warn" or "off"),
            "The HOCON sets the journal's replay-filter.mode to what would drop or refuse events of older writers; "
            + "accepted are warn and off.");
        Refuse(
            string.IsNullOrEmpty(config.GetString(JournalKey)),
            $"The HOCON empties {JournalKey}; a journal is needed.");
    }

    private static void Refuse(bool isWrong, string sentence)
    {
        if (isWrong)
        {
            throw new AkkaEngineException(sentence);
        }
    }
}
