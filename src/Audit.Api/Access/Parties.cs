namespace Audit.Api.Access;

/// <summary>The persons who are behind what a source asks, and those whose tokens they made.</summary>
/// <param name="Behind">The persons of the source's tokens, and who made one of a service.</param>
/// <param name="Holders">Those, and whoever has a token that one of them made, or that one made of these.</param>
internal sealed record Parties(IReadOnlySet<string> Behind, IReadOnlySet<string> Holders)
{
    public static readonly Parties None = new(new HashSet<string>(), new HashSet<string>());

    /// <summary>An approver's token is marked for so long where a party to the question made it.</summary>
    private static readonly TimeSpan Minted = TimeSpan.FromHours(24);

    public bool Include(Bearer actor) => Holders.Contains(actor.PersonBesideName ?? actor.Name);

    /// <summary>A token that who asks, or who approves, made just now is no other person's word.</summary>
    public bool MintedFor(Bearer actor, DateTimeOffset now) =>
        (Behind.Contains(actor.CreatedBy) || actor.CreatedBy == actor.Person) && now - actor.CreatedAt < Minted;
}

/// <summary>
/// Who made whose tokens, as the journal has it. The first administrator makes everybody's: what he made excludes
/// nobody from a decision, and is marked.
/// </summary>
internal sealed class TokenTree
{
    private readonly NamesByName persons = new();
    private readonly NamesByName holders = new();

    public void Take(PeopleAct act)
    {
        if (act.Act != PeopleAct.TokenCreated)
        {
            return;
        }

        var holder = act.Person == Bearer.NoPerson ? act.Name : act.Person;
        if (act.Maker != holder)
        {
            holders.Add(act.Maker, holder);
        }

        if (act.Source.Length == 0)
        {
            return;
        }

        persons.Add(act.Source, holder);
        if (act.Person == Bearer.NoPerson && act.Maker != Bearer.FirstAdministrator)
        {
            persons.Add(act.Source, act.Maker);
        }
    }

    /// <param name="isMeant">Whether it is asked of a source.</param>
    public Parties PartiesOf(Func<string, bool> isMeant, string? asker)
    {
        HashSet<string> behind = [.. persons.OfAll(isMeant)];
        if (asker is not null)
        {
            behind.Add(asker);
        }

        return new Parties(behind, HoldersOf(behind, maker => maker != Bearer.FirstAdministrator));
    }

    /// <summary>
    /// Whether one of two may have the other's token: he is the other, or made it, himself or by those that he made.
    /// The first administrator's count here too.
    /// </summary>
    public bool MayBeOne(string person, string other) => Made(person, other) || Made(other, person);

    private bool Made(string maker, string holder) => HoldersOf([maker], _ => true).Contains(holder);

    private HashSet<string> HoldersOf(IReadOnlyCollection<string> makers, Func<string, bool> counts)
    {
        var found = new HashSet<string>(makers);
        var next = new Queue<string>(makers);
        while (next.TryDequeue(out var maker))
        {
            foreach (var holder in counts(maker) ? holders.Of(maker) : [])
            {
                if (found.Add(holder))
                {
                    next.Enqueue(holder);
                }
            }
        }

        return found;
    }
}

/// <summary>Names that belong to a name, each once and in order.</summary>
internal sealed class NamesByName
{
    private readonly Dictionary<string, SortedSet<string>> lists = [];

    public void Add(string name, string member)
    {
        if (!lists.TryGetValue(name, out var list))
        {
            lists.Add(name, list = new SortedSet<string>(StringComparer.Ordinal));
        }

        list.Add(member);
    }

    public IReadOnlyCollection<string> Of(string name) => lists.TryGetValue(name, out var list) ? list : [];

    public IEnumerable<string> OfAll(Func<string, bool> isMeant) =>
        lists.Where(list => isMeant(list.Key)).SelectMany(list => list.Value);
}
