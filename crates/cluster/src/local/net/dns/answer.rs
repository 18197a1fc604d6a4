//! From a question to an answer (pure), in the wire format of RFC 1035.

use hickory_proto::op::{Edns, Message, OpCode, Query, ResponseCode};
use hickory_proto::rr::rdata::{A, SRV};
use hickory_proto::rr::{DNSClass, Name, RData, Record, RecordType};

use super::zone::{Meaning, Target, Zone};

/// How long an answer may be kept, in seconds; CoreDNS's default for cluster names.
const TTL: u32 = 5;
/// The largest UDP answer without EDNS (RFC 1035 4.2.1).
const PLAIN_UDP: usize = 512;
/// The largest that no path on earth has to take apart (DNS flag day 2020).
const SAFE_UDP: u16 = 1232;

/// What to do with a question.
#[derive(Debug)]
pub(super) enum Reaction {
    Answer(Box<Message>),
    /// Not about the cluster: the machine's resolvers may know. With the answer if none does.
    Forward(Box<Message>),
    /// Not a question.
    Ignore,
}

/// The largest answer that the asker takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transport {
    Udp,
    Tcp,
}

pub(super) fn react(zone: &Zone, packet: &[u8]) -> Reaction {
    let Ok(question) = Message::from_vec(packet) else {
        return malformed(packet);
    };
    if question.metadata.message_type == hickory_proto::op::MessageType::Response {
        return Reaction::Ignore;
    }
    let mut answer = outline(&question);
    if question.metadata.op_code != OpCode::Query {
        return failure(answer, ResponseCode::NotImp);
    }
    let [query] = question.queries.as_slice() else {
        return failure(answer, ResponseCode::FormErr);
    };
    let meaning = meaning(zone, query);
    if meaning == Meaning::Foreign {
        answer.metadata.response_code = ResponseCode::ServFail;
        return Reaction::Forward(Box::new(answer));
    }
    fill(&mut answer, query, meaning);
    Reaction::Answer(Box::new(answer))
}

/// The answer as a packet, cut down to "ask again by TCP" where it is too long for UDP.
pub(super) fn encode(
    answer: &Message,
    transport: Transport,
) -> Result<Vec<u8>, hickory_proto::ProtoError> {
    let packet = answer.to_vec()?;
    let limit = match (transport, &answer.edns) {
        (Transport::Tcp, _) => usize::from(u16::MAX),
        (Transport::Udp, Some(_)) => usize::from(SAFE_UDP),
        (Transport::Udp, None) => PLAIN_UDP,
    };
    match packet.len() <= limit {
        true => Ok(packet),
        false => answer.truncate().to_vec(),
    }
}

fn malformed(packet: &[u8]) -> Reaction {
    match packet {
        [high, low, ..] => {
            let id = u16::from_be_bytes([*high, *low]);
            let answer = Message::error_msg(id, OpCode::Query, ResponseCode::FormErr);
            Reaction::Answer(Box::new(answer))
        }
        _ => Reaction::Ignore,
    }
}

fn failure(mut answer: Message, code: ResponseCode) -> Reaction {
    answer.metadata.response_code = code;
    Reaction::Answer(Box::new(answer))
}

fn outline(question: &Message) -> Message {
    let mut answer = Message::response(question.metadata.id, question.metadata.op_code);
    answer.metadata.recursion_desired = question.metadata.recursion_desired;
    answer.metadata.recursion_available = true;
    answer.add_queries(question.queries.iter().cloned());
    if question.edns.is_some() {
        let mut edns = Edns::new();
        edns.set_max_payload(SAFE_UDP);
        answer.set_edns(edns);
    }
    answer
}

fn meaning(zone: &Zone, query: &Query) -> Meaning {
    if query.query_class() != DNSClass::IN {
        return Meaning::Foreign;
    }
    let labels: Vec<String> = query
        .name()
        .iter()
        .map(|label| String::from_utf8_lossy(label).to_ascii_lowercase())
        .collect();
    zone.meaning(&labels.iter().map(String::as_str).collect::<Vec<_>>())
}

fn fill(answer: &mut Message, query: &Query, meaning: Meaning) {
    answer.metadata.authoritative = true;
    let name = query.name();
    let wanted = |kind| [kind, RecordType::ANY].contains(&query.query_type());
    match meaning {
        Meaning::Addresses(mut addresses) if wanted(RecordType::A) => {
            // Clients take the first: let it be another each time.
            let count = addresses.len().max(1);
            addresses.rotate_left(usize::from(answer.metadata.id) % count);
            answer.add_answers(
                addresses
                    .into_iter()
                    .map(|ip| record(name, RData::A(A(ip)))),
            );
        }
        Meaning::Ports(targets) if wanted(RecordType::SRV) => {
            for target in &targets {
                add_target(answer, name, target);
            }
        }
        Meaning::Nothing | Meaning::Foreign => {
            answer.metadata.response_code = ResponseCode::NXDomain
        }
        Meaning::Empty | Meaning::Addresses(_) | Meaning::Ports(_) => {}
    }
}

fn add_target(answer: &mut Message, name: &Name, target: &Target) {
    // Made of labels that were checked, so it is a name.
    let Ok(host) = Name::from_ascii(&target.host) else {
        return;
    };
    let address = record(&host, RData::A(A(target.address)));
    let service = SRV::new(0, 100, target.port, host);
    answer.add_answer(record(name, RData::SRV(service)));
    answer.add_additional(address);
}

fn record(name: &Name, data: RData) -> Record {
    Record::from_rdata(name.clone(), TTL, data)
}

#[cfg(test)]
mod tests {
    use super::super::super::service::{ServiceEntry, ServiceKey, ServiceKind, ServicePort};
    use super::*;
    use std::net::{Ipv4Addr, SocketAddrV4};

    fn pods(count: u8) -> Vec<Ipv4Addr> {
        (0..count)
            .map(|host| Ipv4Addr::new(10, 42, 1, host))
            .collect()
    }

    fn zone(count: u8) -> Zone {
        let endpoints = pods(count)
            .into_iter()
            .map(|ip| SocketAddrV4::new(ip, 5432));
        Zone::new(&[ServiceEntry {
            key: ServiceKey {
                namespace: "shop".parse().unwrap(),
                name: "db".into(),
            },
            kind: ServiceKind::Headless(pods(count)),
            ports: vec![ServicePort {
                name: Some("sql".into()),
                port: 5432,
                host_port: None,
                endpoints: endpoints.collect(),
            }],
        }])
    }

    fn question(name: &str, kind: RecordType) -> Message {
        let mut question = Message::query();
        question.metadata.id = 3;
        question.add_query(Query::query(Name::from_ascii(name).unwrap(), kind));
        question
    }

    fn answer(zone: &Zone, question: &Message) -> Message {
        match react(zone, &question.to_vec().unwrap()) {
            Reaction::Answer(answer) => *answer,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn addresses_rotate_and_case_does_not_matter() {
        let answer = answer(
            &zone(2),
            &question("DB.shop.svc.Cluster.local.", RecordType::A),
        );
        let data: Vec<_> = answer
            .answers
            .iter()
            .map(|record| record.data.to_string())
            .collect();
        assert_eq!(data, ["10.42.1.1", "10.42.1.0"]);
        assert_eq!(answer.metadata.response_code, ResponseCode::NoError);
    }

    #[test]
    fn a_named_port_comes_with_its_hosts_addresses() {
        let answer = answer(
            &zone(1),
            &question("_sql._tcp.db.shop.svc.cluster.local.", RecordType::SRV),
        );
        let data: Vec<_> = answer
            .answers
            .iter()
            .map(|record| record.data.to_string())
            .collect();
        assert_eq!(data, ["0 100 5432 10-42-1-0.db.shop.svc.cluster.local."]);
        assert_eq!(answer.additionals[0].data.to_string(), "10.42.1.0");
    }

    #[test]
    fn other_types_are_empty_and_other_names_do_not_exist() {
        let code = |name, kind| {
            let answer = answer(&zone(1), &question(name, kind));
            assert!(answer.answers.is_empty());
            answer.metadata.response_code
        };
        assert_eq!(
            code("db.shop.svc.cluster.local.", RecordType::AAAA),
            ResponseCode::NoError
        );
        assert_eq!(
            code("shop.svc.cluster.local.", RecordType::A),
            ResponseCode::NoError
        );
        assert_eq!(
            code("no.shop.svc.cluster.local.", RecordType::A),
            ResponseCode::NXDomain
        );
    }

    #[test]
    fn a_long_answer_is_cut_for_udp_only() {
        let mut question = question("db.shop.svc.cluster.local.", RecordType::A);
        let long = answer(&zone(60), &question);
        let cut = Message::from_vec(&encode(&long, Transport::Udp).unwrap()).unwrap();
        assert!(cut.metadata.truncation && cut.answers.is_empty());
        let whole = Message::from_vec(&encode(&long, Transport::Tcp).unwrap()).unwrap();
        assert_eq!(whole.answers.len(), 60);
        question.set_edns(Edns::new());
        let long = answer(&zone(60), &question);
        let whole = Message::from_vec(&encode(&long, Transport::Udp).unwrap()).unwrap();
        assert_eq!(whole.answers.len(), 60);
    }

    #[test]
    fn what_is_no_question_is_refused_or_ignored() {
        let code = |reaction| match reaction {
            Reaction::Answer(answer) => Some(answer.metadata.response_code),
            _ => None,
        };
        let zone = zone(1);
        assert_eq!(code(react(&zone, &[7, 7, 1])), Some(ResponseCode::FormErr));
        assert!(matches!(react(&zone, &[7]), Reaction::Ignore));
        let mut two = question("a.cluster.local.", RecordType::A);
        two.add_query(two.queries[0].clone());
        assert_eq!(
            code(react(&zone, &two.to_vec().unwrap())),
            Some(ResponseCode::FormErr)
        );
        let response = Message::response(1, OpCode::Query).to_vec().unwrap();
        assert!(matches!(react(&zone, &response), Reaction::Ignore));
        let foreign = question("example.com.", RecordType::A).to_vec().unwrap();
        assert!(matches!(react(&zone, &foreign), Reaction::Forward(_)));
    }
}
